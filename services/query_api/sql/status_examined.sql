-- How many counted submissions of one emitter, the newest of some recorded days, hold at most so
-- many events between them, the first and the last of their leaves, and their days. The newest is always
-- one.
WITH newest AS (
    SELECT leaf_index, recorded_day, sum(events) OVER (ORDER BY leaf_index DESC) - events AS newer
    FROM submission JOIN emitter USING (emitter_code)
    WHERE emitter = :emitter AND recorded_day BETWEEN :first AND :last
)
SELECT count(*) AS submissions, coalesce(min(leaf_index), 0) AS first_leaf,
       coalesce(max(leaf_index), -1) AS last_leaf,
       coalesce(array_agg(DISTINCT recorded_day), '{}') AS days
FROM newest WHERE newer < :most
