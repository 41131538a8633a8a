-- Every leaf in order with what lies in the intake at its place; nothing there gives NULLs.
SELECT l.leaf_index, l.previous_hash, l.leaf, l.partition, l."offset", l.positions,
       i.emitter, i.submission, i.body_sha256, i.token, i.events, i.received_at, i.body
FROM log.leaf AS l
LEFT JOIN log.intake AS i USING (partition, "offset")
ORDER BY l.leaf_index
