-- The newest state of every key.
SELECT DISTINCT ON (kid) kid, emitter, jwk, added_leaf, revoked_leaf
FROM log.emitter_key ORDER BY kid, leaf_index DESC
