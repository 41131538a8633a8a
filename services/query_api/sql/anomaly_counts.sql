-- Anomalies of one platform by rule, up to a position.
SELECT rule, count(*) AS anomalies
FROM anomaly JOIN emitter USING (emitter_code)
WHERE emitter = :platform AND leaf_index <= :position
GROUP BY 1 ORDER BY 1
