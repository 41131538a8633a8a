-- Leaves of a round, an array a column; positions as the text of an array, one a leaf.
INSERT INTO log.leaf (leaf_index, previous_hash, leaf, partition, "offset", positions)
SELECT leaf_index, previous_hash, leaf, partition, "offset", positions::bigint[]
FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::smallint[], $5::bigint[], $6::text[])
    AS one(leaf_index, previous_hash, leaf, partition, "offset", positions)
