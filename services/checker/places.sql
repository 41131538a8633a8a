-- Where each leaf and its body lie in their topics; no rows where the log is embedded.
SELECT leaf_index, leaf_offset, leaf_hash, partition, "offset"
FROM log.leaf_place
ORDER BY leaf_index
