-- Where leaves lie in their topic, by their indexes. $1 an array of them.
SELECT leaf_index, leaf_offset, leaf_hash
FROM log.leaf_place WHERE leaf_index = ANY($1::bigint[]) ORDER BY leaf_index
