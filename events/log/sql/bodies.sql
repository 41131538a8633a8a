-- Bodies at the given places, in the order asked. $1 partitions, $2 offsets (arrays of one length).
SELECT i.body
FROM unnest($1::smallint[], $2::bigint[]) WITH ORDINALITY AS place(partition, "offset", ordinal)
JOIN log.intake AS i USING (partition, "offset")
ORDER BY place.ordinal
