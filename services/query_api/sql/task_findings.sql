-- What is wrong about tasks: the part that the report of a submission and the status of an emitter have
-- in common. Before it stand `me`, the emitter's code, and `asked`, distinct tasks; whatever others said of
-- them, only what is found of events in :first_leaf to :last_leaf is told, as of :position.
-- It gives `found`: rule, event_number, leaf_index, pointer.
-- How many rows there will be the planner cannot know, and its plan is kept: so nothing here may become a
-- loop over rows within a loop, or a scan of all facts.
statement AS (
    SELECT f.event_number, f.leaf_index, f.version, coalesce(f.original, f.event_number) AS about,
           f.task, f.worker_code, f.contract, nullif(f.task_group, 'unstated') AS task_group, f.day,
           -- What undoes a rejection repeats its seconds as a negative.
           abs(f.seconds) AS seconds, coalesce(f.n, 0) AS n,
           -- Kinds of facts that say the same about a task.
           CASE WHEN f.kind = 'approved-unstated' THEN 'approved'
                WHEN f.kind IN ('rejected-taken-back', 'rejected-paid') THEN 'rejected'
                ELSE f.kind END AS family,
           f.leaf_index BETWEEN :first_leaf AND :last_leaf AS own
    -- A look into the index for each task: the offset keeps it so.
    FROM asked CROSS JOIN LATERAL (
        SELECT event_number, leaf_index, emitter_code, original, version, task, worker_code, contract,
               task_group, day, kind, n, seconds, sandbox
        FROM fact WHERE fact.task = asked.task OFFSET 0
    ) AS f
    WHERE f.emitter_code = (SELECT emitter_code FROM me) AND f.kind IS NOT NULL AND NOT f.sandbox
        AND f.leaf_index <= :position
),
-- The last word about each event stands. What takes it back names the task of what it takes back.
said AS MATERIALIZED (
    SELECT * FROM (
        SELECT DISTINCT ON (about) * FROM statement
        ORDER BY about, event_number DESC, version DESC
    ) AS word
    WHERE version IS DISTINCT FROM -1
),
-- Tasks of which events state different things; what is not stated does not disagree.
odd AS MATERIALIZED (
    SELECT * FROM (
        SELECT task, min(worker_code) <> max(worker_code) AS worker,
               min(contract) <> max(contract) AS contract,
               min(task_group) <> max(task_group) AS task_group,
               min(day) <> max(day) AS submitted, min(seconds) <> max(seconds) AS seconds
        FROM said GROUP BY task
    ) AS of_task
    WHERE worker OR contract OR task_group OR submitted OR seconds
),
twice AS (SELECT task, family FROM said GROUP BY task, family HAVING sum(n) > 1),
unpublished AS (
    SELECT contract FROM (SELECT DISTINCT contract FROM said WHERE own) AS named
    LEFT JOIN LATERAL (
        SELECT true AS published FROM told
        WHERE told.emitter_code = (SELECT emitter_code FROM me) AND told.subject = named.contract
            AND type IN ('contract.published.v1', 'contract.amended.v1')
            AND told.leaf_index <= :position
        LIMIT 1
    ) AS t ON true
    WHERE published IS NULL
),
-- IS TRUE keeps each a hash that is looked into: a join could become a loop.
breach AS (
    SELECT 'task-events-disagree' AS rule, event_number, leaf_index, version, member
    FROM said CROSS JOIN LATERAL (VALUES
        ('worker', worker_code IS NOT NULL AND task IN (SELECT task FROM odd WHERE worker)),
        ('contract', contract IS NOT NULL AND task IN (SELECT task FROM odd WHERE contract)),
        ('task_group', task_group IS NOT NULL AND task IN (SELECT task FROM odd WHERE task_group)),
        ('submitted', day IS NOT NULL AND task IN (SELECT task FROM odd WHERE submitted)),
        ('seconds', seconds IS NOT NULL AND task IN (SELECT task FROM odd WHERE seconds))
    ) AS m (member, wrong)
    WHERE own AND wrong AND (task IN (SELECT task FROM odd)) IS TRUE
    UNION ALL
    SELECT 'task-event-twice', event_number, leaf_index, version, 'task'
    FROM said
    WHERE own AND n > 0 AND ((task, family) IN (SELECT task, family FROM twice)) IS TRUE
    UNION ALL
    SELECT 'work-without-contract', event_number, leaf_index, version, 'contract'
    FROM said
    WHERE own AND (contract IS NULL OR (contract IN (SELECT contract FROM unpublished)) IS TRUE)
),
found AS (
    SELECT rule, event_number, leaf_index,
           CASE WHEN version IS NULL THEN '/data/' ELSE '/data/replacement/data/' END || member AS pointer
    FROM breach
)
