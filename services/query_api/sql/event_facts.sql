-- What an event added, and what corrections of it added or took back, up to a position. Each part
-- has an index of its own.
SELECT f.event_number, recorded_day, type::text AS type, worker, day, kind::text AS kind, n, seconds,
       amount, currency, original, version
FROM (
    SELECT * FROM fact WHERE event_number = :event_number
    UNION ALL
    SELECT * FROM fact WHERE original = :event_number AND event_number <> :event_number
) AS f LEFT JOIN worker USING (worker_code)
WHERE leaf_index <= :position
ORDER BY f.event_number, version
