-- What is wrong about the tasks of which one emitter's events of some recorded days speak, from a leaf
-- on: by rule, how many findings, and the newest. The rules are those of `task_findings` in report.py.
-- These days' facts are found by the BRIN index, and then all that was said of each task by a look
-- into the hash index, however many facts there are beside them. :days array.
WITH me AS (SELECT emitter_code FROM emitter WHERE emitter = :emitter),
asked AS (
    SELECT DISTINCT task FROM fact
    WHERE emitter_code = (SELECT emitter_code FROM me) AND task IS NOT NULL AND kind IS NOT NULL
        AND recorded_day = ANY (CAST(:days AS date[]))
        AND leaf_index BETWEEN :first_leaf AND :position
),
-- All that stands of these tasks: what a later correction replaced or took back does not.
said AS MATERIALIZED (
    SELECT f.event_number, f.leaf_index, f.version, f.task, f.worker_code, f.contract,
           nullif(f.task_group, 'unstated') AS task_group, f.day, abs(f.seconds) AS seconds,
           coalesce(f.n, 0) AS n,
           f.recorded_day = ANY (CAST(:days AS date[])) AND f.leaf_index >= :first_leaf AS own,
           CASE WHEN f.kind = 'approved-unstated' THEN 'approved'
                WHEN f.kind IN ('rejected-taken-back', 'rejected-paid') THEN 'rejected'
                ELSE f.kind END AS family
    -- A look into the index for each task: the offset keeps it from being a scan of all facts.
    FROM asked CROSS JOIN LATERAL (SELECT * FROM fact WHERE fact.task = asked.task OFFSET 0) AS f
    WHERE f.emitter_code = (SELECT emitter_code FROM me) AND f.kind IS NOT NULL
        AND NOT f.sandbox AND f.leaf_index <= :position AND f.version IS DISTINCT FROM -1
        AND NOT EXISTS (
            SELECT FROM fact AS later
            WHERE later.original = coalesce(f.original, f.event_number)
                AND later.event_number > f.event_number AND later.version IS NOT NULL
                AND later.leaf_index <= :position
        )
),
odd AS (
    SELECT task, min(worker_code) <> max(worker_code) AS worker,
           min(contract) <> max(contract) AS contract,
           min(task_group) <> max(task_group) AS task_group, min(day) <> max(day) AS submitted,
           min(seconds) <> max(seconds) AS seconds
    FROM said GROUP BY task
),
disagreeing AS (SELECT * FROM odd WHERE worker OR contract OR task_group OR submitted OR seconds),
twice AS (SELECT task, family FROM said GROUP BY task, family HAVING sum(n) > 1),
published AS (
    SELECT DISTINCT subject FROM told
    WHERE emitter_code = (SELECT emitter_code FROM me) AND leaf_index <= :position
        AND type IN ('contract.published.v1', 'contract.amended.v1')
),
found AS MATERIALIZED (
    SELECT 'task-events-disagree' AS rule, event_number, leaf_index, version, member
    FROM said JOIN disagreeing AS d USING (task) CROSS JOIN LATERAL (VALUES
        ('worker', d.worker AND said.worker_code IS NOT NULL),
        ('contract', d.contract AND said.contract IS NOT NULL),
        ('task_group', d.task_group AND said.task_group IS NOT NULL),
        ('submitted', d.submitted AND said.day IS NOT NULL),
        ('seconds', d.seconds AND said.seconds IS NOT NULL)
    ) AS stated (member, wrong)
    WHERE own AND wrong
    UNION ALL
    SELECT 'task-event-twice', event_number, leaf_index, version, 'task'
    FROM said JOIN twice USING (task, family) WHERE own AND n > 0
    UNION ALL
    SELECT 'work-without-contract', event_number, leaf_index, version, 'contract'
    FROM said WHERE own AND NOT EXISTS (SELECT FROM published WHERE subject = said.contract)
),
newest AS (
    SELECT rule, count(*) AS anomalies, max(event_number) AS event_number FROM found GROUP BY rule
)
SELECT DISTINCT ON (rule) rule, anomalies, event_number, leaf_index,
       CASE WHEN version IS NULL THEN '/data/' ELSE '/data/replacement/data/' END || member AS pointer
FROM newest JOIN found USING (rule, event_number)
ORDER BY rule, pointer
