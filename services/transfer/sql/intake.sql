-- Everything acknowledged, partition by partition, whether it has a leaf or not.
SELECT partition, "offset", emitter, submission, body_sha256, token, events, received_at, body
FROM log.intake
ORDER BY partition, "offset"
