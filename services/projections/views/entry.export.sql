-- entry in the order of the log: equal logs give equal bytes.
SELECT scheme, number, period, about, account, branch, currency, debit, credit, platform, worker,
       person, previous_basis, basis, policy, event_number, leaf_index, recorded_day
FROM entry
ORDER BY event_number, number
