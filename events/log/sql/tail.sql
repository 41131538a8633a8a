-- The last leaf.
SELECT leaf_index, previous_hash, leaf, partition, "offset", positions
FROM log.leaf ORDER BY leaf_index DESC LIMIT 1
