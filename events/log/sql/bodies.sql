-- Bodies at the given places, in the order asked. $1 partitions, $2 offsets (arrays of one length).
SELECT i.body
FROM unnest($1::smallint[], $2::bigint[]) WITH ORDINALITY AS place(partition, "offset", ordinal)
-- As in `look_up`.
CROSS JOIN LATERAL (
    SELECT body FROM log.intake AS i
    WHERE i.partition = place.partition AND i."offset" = place."offset" OFFSET 0
) AS i
ORDER BY place.ordinal
