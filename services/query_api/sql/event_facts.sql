-- What an event added, and what corrections of it added or took back, up to a position.
SELECT event_number, recorded_day, type::text AS type, worker, day, kind::text AS kind, n, seconds,
       amount, currency, original, version
FROM fact LEFT JOIN worker USING (worker_code)
WHERE (event_number = :event_number OR original = :event_number) AND leaf_index <= :position
ORDER BY event_number, version
