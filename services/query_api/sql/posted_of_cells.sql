-- What stands posted at a position of some workers for a month, in whichever period: shares that a
-- platform must bring, and those that the worker pays herself; null: nothing on these accounts.
SELECT scheme, platform, worker, currency,
       sum(coalesce(credit, 0) - coalesce(debit, 0))
           FILTER (WHERE account IN ('platform.payable', 'worker.withheld')) AS brought,
       sum(coalesce(credit, 0) - coalesce(debit, 0))
           FILTER (WHERE account = 'worker.payable') AS own,
       coalesce(sum(coalesce(debit, 0) - coalesce(credit, 0))
           FILTER (WHERE account = 'suspense.receivable'), 0) <> 0 AS suspense
FROM unnest(CAST(:platforms AS text[]), CAST(:workers AS text[])) AS asked(platform, worker)
JOIN entry USING (platform, worker)
WHERE coalesce(about, period) = :month AND currency IS NOT NULL AND leaf_index <= :position
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
