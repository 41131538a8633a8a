-- One row for each counted leaf of the batch.
INSERT INTO submission
SELECT leaf_index, emitter_code, recorded_day, count(*), count(*) FILTER (WHERE repeat)
FROM batch WHERE digest IS NOT NULL
GROUP BY leaf_index, emitter_code, recorded_day
ORDER BY leaf_index
