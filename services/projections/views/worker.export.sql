-- worker in natural-key order, codes as text: equal logs give equal bytes. A worker who was only
-- named by events that do not count is none.
SELECT emitter, worker, first_recorded_day
FROM worker JOIN emitter USING (emitter_code)
WHERE first_recorded_day IS NOT NULL
ORDER BY emitter, worker
