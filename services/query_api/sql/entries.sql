-- Entries of a scheme by number, up to a position. $$1 scheme, $$2 after, $$3 position, $$4 how many,
-- $$5 period, $$6 platform, $$7 worker; the last three may be NULL. The number of a closing is in no
-- period's and nobody's entries.
SELECT scheme, number, period, about, account, branch, currency, debit, credit, platform, worker,
       person, previous_basis, basis, policy, event_number, leaf_index
FROM entry
WHERE scheme = $$1 AND number > $$2 AND leaf_index <= $$3
    AND ($$5::text IS NULL OR (period = $$5 AND currency IS NOT NULL))
    AND ($$6::text IS NULL OR platform = $$6)
    AND ($$7::text IS NULL OR worker = $$7)
ORDER BY number
LIMIT $$4
