-- The newest counted submissions of one emitter on some recorded days.
SELECT leaf_index FROM submission JOIN emitter USING (emitter_code)
WHERE emitter = :emitter AND recorded_day BETWEEN :first AND :last
ORDER BY leaf_index DESC LIMIT :most
