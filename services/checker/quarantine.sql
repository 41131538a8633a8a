-- Leaves that no fold shall read.
SELECT leaf_index, act_leaf FROM log.quarantine ORDER BY leaf_index
