-- The index of submissions in the order of their leaves; texts only part rows of one leaf.
SELECT leaf_index, emitter, submission, body_sha256, outcome
FROM log.submission
ORDER BY leaf_index, emitter, submission, body_sha256
