-- What is wrong about the tasks of which one emitter's events of some recorded days speak, from a leaf
-- on and up to another: by rule, how many findings, and the newest. These days' facts are found by the
-- BRIN index. :days array.
WITH me AS (SELECT emitter_code FROM emitter WHERE emitter = :emitter),
asked AS (
    SELECT DISTINCT task FROM fact
    WHERE emitter_code = (SELECT emitter_code FROM me) AND task IS NOT NULL AND kind IS NOT NULL
        AND recorded_day = ANY (CAST(:days AS date[]))
        AND leaf_index BETWEEN :first_leaf AND :last_leaf
),
$task_findings,
newest AS (
    SELECT rule, count(*) AS anomalies, max(event_number) AS event_number FROM found GROUP BY rule
)
SELECT DISTINCT ON (rule) rule, anomalies, event_number, leaf_index, pointer
FROM newest JOIN found USING (rule, event_number)
ORDER BY rule, pointer
