-- What was posted for a worker in a scheme by period, account and branch, up to a position.
SELECT period, account, branch, currency, coalesce(sum(debit), 0) AS debit,
       coalesce(sum(credit), 0) AS credit, min(number) AS first_entry, max(number) AS last_entry
FROM entry
WHERE platform = :platform AND worker = :worker AND scheme = :scheme AND leaf_index <= :position
GROUP BY period, account, branch, currency
ORDER BY period, account COLLATE "C", branch COLLATE "C" NULLS FIRST, currency
