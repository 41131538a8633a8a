-- The first counted leaf of a range of indexes. Runs of other leaves are short: the door refuses
-- what it already knows to be a conflict or signed with a revoked key.
SELECT leaf_index, leaf, partition, "offset"
FROM log.leaf
WHERE leaf_index >= :first AND leaf_index < :end
    AND (convert_from(leaf, 'UTF8')::jsonb ->> 'first_event') IS NOT NULL
ORDER BY leaf_index LIMIT 1
