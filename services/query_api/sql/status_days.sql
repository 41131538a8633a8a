-- Counted submissions of one emitter by the day on which they were recorded.
SELECT recorded_day AS day, count(*) AS submissions,
       sum(events)::bigint AS events, sum(repeated)::bigint AS repeated
FROM submission JOIN emitter USING (emitter_code)
WHERE emitter = :emitter AND recorded_day BETWEEN :first AND :last
GROUP BY 1 ORDER BY 1
