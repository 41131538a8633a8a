-- entry in natural-key order: equal logs give equal bytes.
SELECT scheme, number, period, about, account, branch, currency, debit, credit, platform, worker,
       person, previous_basis, basis, policy, event_number, leaf_index, recorded_day
FROM entry
ORDER BY scheme COLLATE "C", number
