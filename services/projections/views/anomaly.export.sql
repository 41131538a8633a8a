-- anomaly in natural-key order, codes as text: equal logs give equal bytes.
SELECT leaf_index, event_number, emitter, rule, pointer
FROM anomaly JOIN emitter USING (emitter_code)
ORDER BY leaf_index, event_number, rule, pointer
