-- unstated in natural-key order, codes as text: equal logs give equal bytes.
SELECT emitter, type::text AS type, fields, recorded_day, n
FROM unstated JOIN emitter USING (emitter_code)
ORDER BY emitter, type, fields, recorded_day
