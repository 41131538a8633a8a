-- event_count in natural-key order, codes as text: equal logs give equal bytes.
SELECT emitter, type::text AS type, recorded_day, sandbox, n
FROM event_count JOIN emitter USING (emitter_code)
ORDER BY emitter, type, recorded_day, sandbox
