-- Keeps arrivals at the next offsets of their partitions, unless the same body or a counted one
-- stands under their id: one statement, so one round trip and one commit. The counters' rows stay
-- locked until then, so offsets follow commit order and a reader never meets a hole; they are
-- locked in one order everywhere, so two doors never wait on each other.
-- $1 to $9 an array a column, in order of arrival, $9 whether to keep it whatever stands; $10 the
-- channel of the hint to readers. A row for each arrival that was kept, with its place, and one for
-- each entry of the index that stands in the way.
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest($1::smallint[], $2::text[], $3::text[], $4::bytea[], $9::boolean[])
        WITH ORDINALITY AS asked(partition, emitter, submission, body_sha256, anyway, number)
), standing AS MATERIALIZED (
    SELECT asked.number, s.* FROM asked
    -- As in `look_up`.
    CROSS JOIN LATERAL (
        SELECT * FROM log.submission AS s
        WHERE s.emitter = asked.emitter AND s.submission = asked.submission OFFSET 0
    ) AS s
    WHERE NOT asked.anyway AND (s.body_sha256 = asked.body_sha256 OR s.outcome = 'counted')
), placed AS MATERIALIZED (
    SELECT number, partition, emitter, submission, body_sha256,
           row_number() OVER (PARTITION BY partition ORDER BY number) - 1 AS before
    FROM asked WHERE number NOT IN (SELECT number FROM standing)
), wanted AS (
    SELECT partition, count(*) AS count FROM placed GROUP BY partition
), locked AS MATERIALIZED (
    SELECT partition FROM log.intake_counter
    WHERE partition IN (SELECT partition FROM wanted) ORDER BY partition FOR UPDATE
), taken AS (
    UPDATE log.intake_counter AS counter SET next_offset = counter.next_offset + wanted.count
    FROM wanted JOIN locked USING (partition)
    WHERE counter.partition = wanted.partition
    RETURNING counter.partition, counter.next_offset - wanted.count AS first_offset
), arrival AS (
    -- Not in FROM: there each array would be written out before its first row is read.
    SELECT generate_series(1, cardinality($1::smallint[])) AS number,
           unnest($5::integer[]) AS events, unnest($6::text[]) AS received_at,
           unnest($7::text[]) AS token, unnest($8::bytea[]) AS body
), kept AS (
    INSERT INTO log.intake (partition, "offset", emitter, submission, body_sha256, events,
                            received_at, token, body)
    SELECT partition, first_offset + before, emitter, submission, body_sha256, events,
           received_at, token, body
    FROM arrival JOIN placed USING (number) JOIN taken USING (partition)
), told AS MATERIALIZED (
    SELECT pg_notify($10, '') FROM taken LIMIT 1
)
SELECT number, partition, first_offset + before AS "offset",
       NULL AS emitter, NULL AS submission, NULL::bytea AS body_sha256,
       NULL::bigint AS leaf_index, NULL AS outcome
FROM placed JOIN taken USING (partition)
WHERE (SELECT count(*) FROM told) > 0
UNION ALL
SELECT number, NULL, NULL, emitter, submission, body_sha256, leaf_index, outcome FROM standing
