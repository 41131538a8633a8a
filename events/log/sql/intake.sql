-- Records at or past the given positions, each partition in its order, without their bodies.
-- $1 next offset by partition (array), $2 at most so many of each partition.
SELECT i.partition, i."offset", i.emitter, i.submission, i.body_sha256,
       octet_length(i.body) AS body_bytes, i.token, i.events, i.received_at
FROM unnest($1::bigint[]) WITH ORDINALITY AS place(next_offset, ordinal)
CROSS JOIN LATERAL (
    SELECT * FROM log.intake
    WHERE partition = ordinal - 1 AND "offset" >= next_offset
    ORDER BY "offset" LIMIT $2
) AS i
ORDER BY i.partition, i."offset"
