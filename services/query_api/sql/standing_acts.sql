-- Acts of one type up to a position, and what corrects them. :type as text: a prepared statement keeps
-- the type of its values, and that of a generation goes with it.
SELECT event_number, leaf_index, NULL::bigint AS original, data::text AS data
FROM told
WHERE type = CAST(CAST(:type AS text) AS event_type) AND leaf_index <= :position
UNION ALL
SELECT c.event_number, c.leaf_index, c.original, c.data::text
FROM told AS c
JOIN told AS o ON o.event_number = c.original
WHERE c.type IN ('correction.cancelled.v1', 'correction.replaced.v1')
    AND o.type = CAST(CAST(:type AS text) AS event_type) AND c.leaf_index <= :position
ORDER BY event_number
