-- Counts what the batch's events left out, together with the cursor.
INSERT INTO unstated
SELECT emitter_code, type, unstated, recorded_day, count(*)
FROM batch WHERE digest IS NOT NULL AND unstated <> '' AND NOT repeat
GROUP BY emitter_code, type, unstated, recorded_day
ORDER BY 1, 2, 3, 4
ON CONFLICT (emitter_code, type, fields, recorded_day) DO UPDATE SET
    n = unstated.n + excluded.n
