-- The entries of a period in number order, its closing's left out. $1 scheme, $2 period.
SELECT scheme, number, period, about, account, branch, currency, debit, credit, platform, worker,
       person, previous_basis, basis, policy, event_number, leaf_index
FROM entry
WHERE scheme = $1 AND period = $2 AND currency IS NOT NULL
ORDER BY number
