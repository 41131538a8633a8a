-- Every adoption of a policy, oldest first.
SELECT leaf_index, data ->> 'country' AS country, data ->> 'digest' AS digest
FROM told WHERE type = 'policy.adopted.v1'
ORDER BY event_number
