-- worker in natural-key order, codes as text: equal logs give equal bytes.
SELECT emitter, worker, first_recorded_day
FROM worker JOIN emitter USING (emitter_code)
ORDER BY emitter, worker
