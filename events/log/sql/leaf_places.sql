-- Where leaves lie in their topic, in order. $1 first index, $2 at most so many.
SELECT leaf_index, leaf_offset, leaf_hash
FROM log.leaf_place WHERE leaf_index >= $1 ORDER BY leaf_index LIMIT $2
