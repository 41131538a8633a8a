-- Keeps arrivals at the next offsets of their partitions: one statement, so one round trip and one
-- commit. The counters' rows stay locked until then, so offsets follow commit order and a reader
-- never meets a hole; they are locked in one order everywhere, so two doors never wait on each other.
-- $1, $2 partitions and how many arrive in each; $3 to $11 an array a column, in order of arrival,
-- the second how many of the same partition come before; $12 the channel of the hint to readers.
WITH locked AS MATERIALIZED (
    SELECT partition FROM log.intake_counter
    WHERE partition = ANY($1::smallint[]) ORDER BY partition FOR UPDATE
), taken AS (
    UPDATE log.intake_counter AS counter SET next_offset = counter.next_offset + wanted.count
    FROM unnest($1::smallint[], $2::integer[]) AS wanted(partition, count)
    JOIN locked USING (partition)
    WHERE counter.partition = wanted.partition
    RETURNING counter.partition, counter.next_offset - wanted.count AS first_offset
), arrival AS (
    -- Not in FROM: there each array would be written out before its first row is read.
    SELECT unnest($3::smallint[]) AS partition, unnest($4::integer[]) AS before,
           unnest($5::text[]) AS emitter, unnest($6::text[]) AS submission,
           unnest($7::bytea[]) AS body_sha256, unnest($8::integer[]) AS events,
           unnest($9::text[]) AS received_at, unnest($10::text[]) AS token,
           unnest($11::bytea[]) AS body
), kept AS (
    INSERT INTO log.intake (partition, "offset", emitter, submission, body_sha256, events,
                            received_at, token, body)
    SELECT partition, first_offset + before, emitter, submission, body_sha256, events,
           received_at, token, body
    FROM arrival JOIN taken USING (partition)
)
SELECT partition, first_offset, pg_notify($12, '') FROM taken
