-- When platforms were registered with effect. $1 emitters.
SELECT subject AS platform, min(event_number) AS event_number
FROM told
WHERE type = 'platform.registered.v1' AND subject = ANY ($1::text[]) AND NOT EXISTS (
    SELECT FROM anomaly
    WHERE anomaly.leaf_index = told.leaf_index AND anomaly.event_number = told.event_number
        AND rule = 'act-without-effect'
)
GROUP BY subject
