-- The facts of the cut's day up to its leaf, shaped as the folds' batch. A cut of whole days has
-- leaf -1: then no fact is looked at.
batch AS (
    SELECT *, false AS repeat, NULL::text AS rule FROM fact
    WHERE CAST(:leaf AS bigint) >= 0 AND recorded_day = :before AND leaf_index <= :leaf
)
