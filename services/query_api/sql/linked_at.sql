-- Which pseudonyms are which persons at a position.
SELECT platform, worker, person FROM identity_link
WHERE leaf_index <= :position AND (ended_leaf IS NULL OR ended_leaf > :position)
