-- Ends what stands for an act. $1 the act, $2 the leaf of the correction.
UPDATE remittance SET ended_leaf = $2 WHERE original = $1 AND ended_leaf IS NULL
