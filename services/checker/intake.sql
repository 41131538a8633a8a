-- Everything acknowledged, partition by partition, and whether its body has the digest beside it.
SELECT partition, "offset", emitter, submission, body_sha256, octet_length(body), token, events,
       received_at, sha256(body) = body_sha256
FROM log.intake
ORDER BY partition, "offset"
