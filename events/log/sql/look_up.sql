-- What stands in the index under these ids. $1 emitters, $2 submission ids (arrays of one length).
SELECT s.emitter, s.submission, s.body_sha256, s.leaf_index, s.outcome
FROM unnest($1::text[], $2::text[]) AS asked(emitter, submission)
JOIN log.submission AS s USING (emitter, submission)
