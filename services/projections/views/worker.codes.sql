-- Codes of workers, made where they are new, and which of them never counted yet. $1 emitter codes,
-- $2 pseudonyms (arrays of one length, distinct in pairs).
WITH asked AS (
    SELECT * FROM unnest($1::integer[], $2::text[]) AS a(emitter_code, worker)
), made AS (
    INSERT INTO worker (emitter_code, worker)
    SELECT emitter_code, worker FROM asked
    WHERE NOT EXISTS (
        SELECT FROM worker AS w
        WHERE w.emitter_code = asked.emitter_code AND w.worker = asked.worker
    )
    ORDER BY emitter_code, worker
    RETURNING emitter_code, worker, worker_code, first_recorded_day
)
SELECT emitter_code, worker, worker_code, first_recorded_day FROM made
UNION ALL
SELECT w.emitter_code, w.worker, w.worker_code, w.first_recorded_day
FROM worker AS w JOIN asked USING (emitter_code, worker)
