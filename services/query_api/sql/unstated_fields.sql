-- How many events of one platform left each field out, in a span of whole recorded days.
SELECT type::text AS type, field, sum(n)::bigint AS events
FROM unstated JOIN emitter USING (emitter_code)
CROSS JOIN LATERAL unnest(string_to_array(fields, ' ')) AS field
WHERE emitter = :platform AND recorded_day >= :since AND recorded_day < :before
GROUP BY 1, 2 ORDER BY 1, 2
