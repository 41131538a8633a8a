-- The newest state of every emitter as the leaves below an index left it. $1 that index.
SELECT DISTINCT ON (emitter) emitter, kind, name, added_leaf, schemes
FROM log.emitter WHERE leaf_index < $1 ORDER BY emitter, leaf_index DESC
