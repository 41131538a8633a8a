-- Whom a pseudonym is linked to at a position.
SELECT person FROM identity_link
WHERE platform = :platform AND worker = :worker AND leaf_index <= :position
    AND (ended_leaf IS NULL OR ended_leaf > :position)
