-- Which of some workers of a platform have entries in a scheme, up to a position.
SELECT DISTINCT worker FROM entry
WHERE platform = :platform AND scheme = :scheme AND worker = ANY (CAST(:workers AS text[]))
    AND leaf_index <= :position
