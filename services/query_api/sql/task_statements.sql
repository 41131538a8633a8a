-- What was said, up to a position, about every task that events of a number range speak of.
WITH asked AS (
    SELECT DISTINCT emitter_code, task FROM fact
    WHERE event_number >= :first AND event_number < :end AND task IS NOT NULL AND kind IS NOT NULL
)
SELECT event_number, original, version, task, worker_code, contract,
       nullif(task_group::text, 'unstated') AS task_group, day, kind::text AS kind, n, seconds
FROM fact JOIN asked USING (emitter_code, task)
WHERE kind IS NOT NULL AND NOT sandbox AND leaf_index <= :position
ORDER BY event_number, version
