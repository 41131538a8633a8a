-- Where the last leaf lies that the index holds.
SELECT leaf_index, leaf_offset, leaf_hash
FROM log.leaf_place ORDER BY leaf_index DESC LIMIT 1
