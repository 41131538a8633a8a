-- The adoption of a policy that was in force at a basis.
SELECT data ->> 'digest' AS digest, data ->> 'country' AS country, leaf_index AS adopted_leaf,
       event_number
FROM told
WHERE type = 'policy.adopted.v1' AND data ->> 'digest' = :digest AND leaf_index <= :basis
ORDER BY event_number DESC
LIMIT 1
