drop table payments;
drop table claims;
