-- How many events of a folded leaf were repeats.
SELECT repeated FROM submission WHERE leaf_index = :leaf
