-- Each state of each key.
SELECT kid, leaf_index, emitter, jwk, added_leaf, revoked_leaf
FROM log.emitter_key
ORDER BY leaf_index, kid
