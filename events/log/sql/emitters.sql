-- The newest state of every emitter.
SELECT DISTINCT ON (emitter) emitter, kind, name, added_leaf, schemes
FROM log.emitter ORDER BY emitter, leaf_index DESC
