-- The proofs that the registry gave, in the order of the batches.
SELECT submission, state, leaf_index, answer FROM batch
WHERE state IN ('accepted', 'repeated') ORDER BY number
