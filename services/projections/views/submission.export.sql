-- submission in natural-key order, codes as text: equal logs give equal bytes.
SELECT leaf_index, emitter, recorded_day, events, repeated
FROM submission JOIN emitter USING (emitter_code)
ORDER BY leaf_index
