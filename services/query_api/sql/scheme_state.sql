-- The last number of a scheme up to a position; 0 without any.
SELECT coalesce(max(number), 0) AS last FROM entry
WHERE scheme = :scheme AND leaf_index <= :position
