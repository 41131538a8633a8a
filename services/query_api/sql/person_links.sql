-- Every pseudonym that was the same person as this one at a position, itself included; none: it was
-- linked to nobody.
SELECT other.platform, other.worker, other.person
FROM identity_link AS own
JOIN identity_link AS other ON other.person = own.person
WHERE own.platform = :platform AND own.worker = :worker
    AND own.leaf_index <= :position AND (own.ended_leaf IS NULL OR own.ended_leaf > :position)
    AND other.leaf_index <= :position
    AND (other.ended_leaf IS NULL OR other.ended_leaf > :position)
ORDER BY 1, 2
