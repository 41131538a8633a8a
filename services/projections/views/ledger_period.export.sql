-- ledger_period in natural-key order: equal logs give equal bytes.
SELECT scheme, period, first_entry, last_entry, entries, closed_entry, closed_event, closed_leaf,
       closed_by, after, basis, entries_sha256, statement
FROM ledger_period
ORDER BY scheme COLLATE "C", period
