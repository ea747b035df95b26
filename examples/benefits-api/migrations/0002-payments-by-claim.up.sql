-- Expand: the release before does not know of the index, and loses nothing by it.
create index payments_by_claim on payments (claim);
