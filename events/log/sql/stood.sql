-- Leaves of bodies by what they are, each with the leaf of the last act (as `last_act`) of the same
-- moment. $1 emitters, $2 submission ids, $3 SHA-256 of the bodies (arrays of one length).
SELECT asked.emitter, asked.submission, asked.body_sha256,
       l.leaf_index, l.previous_hash, l.leaf, l.partition, l."offset", l.positions,
       (SELECT max(leaf_index) FROM (
           SELECT leaf_index FROM log.emitter UNION ALL SELECT leaf_index FROM log.emitter_key
       ) AS acts) AS last_act
FROM unnest($1::text[], $2::text[], $3::bytea[]) AS asked(emitter, submission, body_sha256)
-- As in `look_up`.
CROSS JOIN LATERAL (
    SELECT s.leaf_index FROM log.submission AS s
    WHERE s.emitter = asked.emitter AND s.submission = asked.submission
        AND s.body_sha256 = asked.body_sha256 OFFSET 0
) AS s
CROSS JOIN LATERAL (
    SELECT * FROM log.leaf AS l WHERE l.leaf_index = s.leaf_index OFFSET 0
) AS l
