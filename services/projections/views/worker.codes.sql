-- Codes of workers, made where they are new, and which of them never counted yet. $1 emitter codes,
-- $2 pseudonyms (arrays of one length, distinct in pairs).
WITH asked AS (
    SELECT * FROM unnest($1::integer[], $2::text[]) AS a(emitter_code, worker)
), known AS MATERIALIZED (
    SELECT w.* FROM asked
    -- A look by key for each, however many workers there are: OFFSET keeps it so.
    CROSS JOIN LATERAL (
        SELECT emitter_code, worker, worker_code, first_recorded_day FROM worker
        WHERE worker.emitter_code = asked.emitter_code AND worker.worker = asked.worker OFFSET 0
    ) AS w
), made AS (
    INSERT INTO worker (emitter_code, worker)
    SELECT emitter_code, worker FROM asked
    WHERE (emitter_code, worker) NOT IN (SELECT emitter_code, worker FROM known)
    ORDER BY emitter_code, worker
    RETURNING emitter_code, worker, worker_code, first_recorded_day
)
SELECT * FROM known
UNION ALL
SELECT * FROM made
