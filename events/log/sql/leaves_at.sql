-- Leaves by their indexes. $1 an array of them.
SELECT leaf_index, previous_hash, leaf, partition, "offset", positions
FROM log.leaf WHERE leaf_index = ANY($1::bigint[]) ORDER BY leaf_index
