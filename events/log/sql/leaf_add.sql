-- Leaves of a round, an array a column; positions as the text of an array, one a leaf. They must
-- follow the leaf that stands before them, or nothing is written and nothing returned: a database
-- restored to an earlier time may have lost it. Its hash is that of RFC 6962, section 2.1.
WITH added AS (
    INSERT INTO log.leaf (leaf_index, previous_hash, leaf, partition, "offset", positions)
    SELECT leaf_index, previous_hash, leaf, partition, "offset", positions::bigint[]
    FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::smallint[], $5::bigint[], $6::text[])
        AS one(leaf_index, previous_hash, leaf, partition, "offset", positions)
    WHERE ($1[1] = 0 AND $2[1] = $7) OR EXISTS (
        SELECT FROM log.leaf
        WHERE leaf.leaf_index = $1[1] - 1 AND sha256('\x00'::bytea || leaf.leaf) = $2[1]
    )
    RETURNING leaf_index
)
SELECT max(leaf_index) FROM added
