-- What a round changes in the index, and the hint to its readers, in one statement.
-- $1 to $5 its submissions, an array a column; $6 emitters, $7 keys, $8 quarantined leaves, each a
-- JSON array of rows; $9 the channel.
WITH submissions AS (
    INSERT INTO log.submission (emitter, submission, body_sha256, leaf_index, outcome)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bigint[], $5::text[])
), emitters AS (
    INSERT INTO log.emitter (emitter, leaf_index, kind, name, added_leaf, schemes)
    SELECT * FROM jsonb_to_recordset($6::text::jsonb) AS one(
        emitter text, leaf_index bigint, kind text, name text, added_leaf bigint, schemes text[])
), keys AS (
    INSERT INTO log.emitter_key (kid, leaf_index, emitter, jwk, added_leaf, revoked_leaf)
    SELECT * FROM jsonb_to_recordset($7::text::jsonb) AS one(
        kid text, leaf_index bigint, emitter text, jwk jsonb, added_leaf bigint,
        revoked_leaf bigint)
), quarantined AS (
    INSERT INTO log.quarantine (leaf_index, act_leaf)
    SELECT * FROM jsonb_to_recordset($8::text::jsonb) AS one(leaf_index bigint, act_leaf bigint)
    ON CONFLICT DO NOTHING
)
SELECT pg_notify($9, '')
