-- The newest state of every key as the leaves below an index left it. $1 that index.
SELECT DISTINCT ON (kid) kid, emitter, jwk, added_leaf, revoked_leaf
FROM log.emitter_key WHERE leaf_index < $1 ORDER BY kid, leaf_index DESC
