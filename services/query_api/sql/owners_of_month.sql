-- Whoever was paid in a month or has something posted for it, in an order that tells nothing of links.
SELECT platform, worker, person
FROM (
    SELECT emitter AS platform, worker
    FROM (
        SELECT DISTINCT worker_code FROM pay_by_worker
        WHERE day >= CAST(:first AS date) AND day <= CAST(:last AS date)
    ) AS paid
    JOIN worker USING (worker_code)
    JOIN emitter ON emitter.emitter_code = worker.emitter_code
    UNION
    SELECT platform, worker FROM entry
    WHERE coalesce(about, period) = :month AND currency IS NOT NULL
) AS known
LEFT JOIN (
    SELECT platform, worker, person FROM identity_link WHERE ended_leaf IS NULL
) AS linked USING (platform, worker)
ORDER BY platform COLLATE "C", worker COLLATE "C"
