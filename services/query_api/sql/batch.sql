-- The facts of the cut's day up to its leaf, shaped as the folds' batch.
batch AS (
    SELECT *, false AS repeat, NULL::text AS rule FROM fact
    WHERE recorded_day = :before AND leaf_index <= :leaf
)
