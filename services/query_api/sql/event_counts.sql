-- Events of one platform by type.
WITH $batch, $event_count
SELECT type::text AS type, sandbox, sum(n)::bigint AS events
FROM event_count_at JOIN emitter USING (emitter_code)
WHERE emitter = :platform
GROUP BY 1, 2 ORDER BY 1, 2
