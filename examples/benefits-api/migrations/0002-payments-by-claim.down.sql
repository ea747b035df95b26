drop index payments_by_claim;
