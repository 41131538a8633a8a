-- What stands posted of some workers for a month, in whichever period; one worker's rows together.
-- Worker by worker through the index, however few the planner thinks that entries are.
SELECT scheme, account, branch, platform, worker, currency, amount, basis
FROM unnest(CAST(:platforms AS text[]), CAST(:workers AS text[])) AS asked(platform, worker)
CROSS JOIN LATERAL (
    SELECT scheme, account, coalesce(branch, '') AS branch, currency,
           sum(coalesce(debit, 0) - coalesce(credit, 0)) AS amount, max(basis) AS basis
    FROM entry
    WHERE entry.platform = asked.platform AND entry.worker = asked.worker
        AND coalesce(about, period) = :month AND currency IS NOT NULL
    GROUP BY 1, 2, 3, 4
) AS posted
ORDER BY platform, worker
