-- What the folds found wrong in one submission, or in one event of it.
SELECT event_number, rule, pointer FROM anomaly
WHERE leaf_index = :leaf
    AND (CAST(:event_number AS bigint) IS NULL OR event_number = CAST(:event_number AS bigint))
ORDER BY event_number, rule, pointer
