-- Every adoption of a policy that has effect, oldest first. $1 the event before which it stands.
SELECT leaf_index, data ->> 'country' AS country, data ->> 'digest' AS digest
FROM told
WHERE type = 'policy.adopted.v1' AND event_number < $1 AND NOT EXISTS (
    SELECT FROM anomaly
    WHERE anomaly.leaf_index = told.leaf_index AND anomaly.event_number = told.event_number
        AND rule = 'policy-not-readable'
)
ORDER BY event_number
