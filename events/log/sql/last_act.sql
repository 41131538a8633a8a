-- The leaf of the last act that changed who may speak; null if there was none.
SELECT max(leaf_index) FROM (
    SELECT leaf_index FROM log.emitter UNION ALL SELECT leaf_index FROM log.emitter_key
) AS acts
