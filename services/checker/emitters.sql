-- Each state of each emitter.
SELECT emitter, leaf_index, kind, name, added_leaf, schemes
FROM log.emitter
ORDER BY leaf_index, emitter
