-- refusal_by_platform in natural-key order, codes as text: equal logs give equal bytes.
SELECT emitter, day, task_group::text AS task_group, reason, decided_by::text AS decided_by,
       recorded_day, rejected, seconds
FROM refusal_by_platform JOIN emitter USING (emitter_code)
ORDER BY emitter, day, task_group, reason, decided_by, recorded_day
