-- Leaves from an index on, in order. $1 first index, $2 at most so many.
SELECT leaf_index, previous_hash, leaf, partition, "offset", positions
FROM log.leaf WHERE leaf_index >= $1 ORDER BY leaf_index LIMIT $2
