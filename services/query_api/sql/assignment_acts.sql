-- Schemes assigned to some workers, or to a person (may be null), up to a position, and every
-- correction of an assignment: one may give her what was another's.
SELECT event_number, leaf_index, NULL::bigint AS original, data::text AS data
FROM told
WHERE type = 'scheme.assigned.v1' AND leaf_index <= :position
    AND (data->>'person' = CAST(:person AS text) OR (data->>'platform', data->>'worker') IN (
        SELECT * FROM unnest(CAST(:platforms AS text[]), CAST(:workers AS text[]))))
UNION ALL
SELECT c.event_number, c.leaf_index, c.original, c.data::text
FROM told AS c
JOIN told AS o ON o.event_number = c.original
WHERE c.type IN ('correction.cancelled.v1', 'correction.replaced.v1')
    AND o.type = 'scheme.assigned.v1' AND c.leaf_index <= :position
ORDER BY event_number
