-- The recorded day on which a worker first counted. A repeat, a reused id or a correction without
-- effect may name a worker too, but it makes none. Run where a worker of the batch never counted.
UPDATE worker SET first_recorded_day = first.day
FROM (
    SELECT worker_code, min(recorded_day) AS day
    FROM batch WHERE worker_code IS NOT NULL AND NOT repeat AND rule IS NULL
    GROUP BY worker_code
) AS first
WHERE worker.worker_code = first.worker_code AND worker.first_recorded_day IS NULL
RETURNING worker.worker_code
