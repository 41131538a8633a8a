-- Leaves of one emitter that count nowhere, by outcome: how many, and the newest.
-- $1 emitter, $2 and $3 the first and the last leaf index.
SELECT DISTINCT ON (outcome) emitter, submission, body_sha256, leaf_index, outcome,
       count(*) OVER (PARTITION BY outcome) AS leaves
FROM log.submission
WHERE emitter = $1 AND leaf_index BETWEEN $2 AND $3 AND outcome <> 'counted'
ORDER BY outcome, leaf_index DESC
