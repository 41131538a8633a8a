-- What stands in the index under these ids. $1 emitters, $2 submission ids (arrays of one length).
SELECT s.emitter, s.submission, s.body_sha256, s.leaf_index, s.outcome
FROM unnest($1::text[], $2::text[]) AS asked(emitter, submission)
-- A look into the index for each, whatever the planner believes: OFFSET keeps it so.
CROSS JOIN LATERAL (
    SELECT * FROM log.submission AS s
    WHERE s.emitter = asked.emitter AND s.submission = asked.submission OFFSET 0
) AS s
