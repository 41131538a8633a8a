-- What stands posted of some workers for a month, in whichever period.
SELECT scheme, account, coalesce(branch, '') AS branch, platform, worker, currency,
       sum(coalesce(debit, 0) - coalesce(credit, 0)) AS amount, max(basis) AS basis
FROM unnest(CAST(:platforms AS text[]), CAST(:workers AS text[])) AS asked(platform, worker)
JOIN entry USING (platform, worker)
WHERE coalesce(about, period) = :month AND currency IS NOT NULL
GROUP BY 1, 2, 3, 4, 5, 6
