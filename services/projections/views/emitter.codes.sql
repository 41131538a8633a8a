-- Codes of emitters, made where they are new. $1 emitters (array, distinct).
WITH made AS (
    INSERT INTO emitter (emitter)
    SELECT asked FROM unnest($1::text[]) AS asked
    WHERE NOT EXISTS (SELECT FROM emitter WHERE emitter = asked)
    ORDER BY asked
    RETURNING emitter, emitter_code
)
SELECT emitter, emitter_code FROM made
UNION ALL
SELECT emitter, emitter_code FROM emitter WHERE emitter = ANY ($1::text[])
