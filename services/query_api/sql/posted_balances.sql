-- What stands posted for a month, in whichever period, by whom it is about.
SELECT scheme, account, coalesce(branch, '') AS branch, platform, worker, currency,
       sum(coalesce(debit, 0) - coalesce(credit, 0)) AS amount, max(basis) AS basis
FROM entry
WHERE coalesce(about, period) = :month AND currency IS NOT NULL
GROUP BY 1, 2, 3, 4, 5, 6
