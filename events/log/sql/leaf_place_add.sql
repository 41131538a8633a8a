-- Where leaves and their bodies lie, an array a column; the index must end right before them, or
-- nothing is written and nothing returned: a round that failed here would leave a hole behind.
WITH added AS (
    INSERT INTO log.leaf_place (leaf_index, leaf_offset, leaf_hash, partition, "offset")
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::smallint[], $5::bigint[])
    WHERE $1[1] = (SELECT coalesce(max(leaf_index), -1) + 1 FROM log.leaf_place)
    RETURNING leaf_index
)
SELECT max(leaf_index) FROM added
