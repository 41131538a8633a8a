-- Every leaf in order, with what is kept beside it.
SELECT leaf_index, previous_hash, leaf, partition, "offset", positions
FROM log.leaf
ORDER BY leaf_index
