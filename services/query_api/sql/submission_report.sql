-- What is wrong about the events of one folded submission, as of a position: one page behind
-- (:event_number, :rule, :pointer), with the ids that the views keep, which is of no repeat. In every row
-- stand the sums of the whole report: there is one row at least, if need be of nothing but them.
-- :left_out array, the rules that keep an event out of the sums.
WITH me AS MATERIALIZED (
    SELECT emitter_code, repeated, CAST(:first_event AS bigint) AS first_event,
           CAST(:first_event AS bigint) + events AS end_event
    FROM submission WHERE leaf_index = :leaf
),
-- The bounds are hidden from the planner, who would plan anew for those of each report, which takes as long
-- as looking up what was said. The leaf says the same once more: else a part of all facts is expected.
asked AS (
    SELECT DISTINCT task FROM fact
    WHERE event_number >= (SELECT first_event FROM me) AND event_number < (SELECT end_event FROM me)
        AND leaf_index = :leaf AND task IS NOT NULL AND kind IS NOT NULL
),
$task_findings,
finding AS MATERIALIZED (
    SELECT event_number, rule COLLATE "C" AS rule, pointer COLLATE "C" AS pointer FROM found
    UNION ALL
    SELECT event_number, rule, pointer FROM anomaly WHERE leaf_index = :leaf
),
page AS (
    SELECT * FROM finding
    WHERE (event_number, rule, pointer) > (:event_number, :rule, :pointer)
    ORDER BY event_number, rule, pointer LIMIT :limit
),
sums AS (
    SELECT count(*) AS findings, count(DISTINCT event_number) AS events,
           count(DISTINCT event_number) FILTER (WHERE rule = ANY (CAST(:left_out AS text[]))) AS left_out,
           count(DISTINCT event_number) FILTER (WHERE rule = 'event-id-reused') AS reused,
           (SELECT repeated FROM me) AS repeated
    FROM finding
)
SELECT sums.*, page.*, event_id
FROM sums LEFT JOIN page ON true
LEFT JOIN LATERAL (
    SELECT event_id FROM fact
    WHERE fact.event_number = page.event_number AND event_id IS NOT NULL OFFSET 0
) AS head ON true
ORDER BY event_number, rule, pointer
