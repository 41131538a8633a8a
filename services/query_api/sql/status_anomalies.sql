-- What the folds found wrong in the submissions of some recorded days, by rule, with the newest.
SELECT DISTINCT ON (rule) rule, count(*) OVER (PARTITION BY rule) AS anomalies,
       event_number, leaf_index, pointer
FROM anomaly JOIN submission USING (leaf_index)
JOIN emitter ON emitter.emitter_code = submission.emitter_code
WHERE emitter = :emitter AND recorded_day BETWEEN :first AND :last
ORDER BY rule, event_number DESC, pointer
