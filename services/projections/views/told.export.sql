-- told in natural-key order, codes as text: equal logs give equal bytes.
SELECT event_number, leaf_index, recorded_day, emitter, type::text AS type, subject, original, data
FROM told JOIN emitter USING (emitter_code)
ORDER BY event_number
