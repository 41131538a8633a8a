-- How much waits and how much has its answer, in one row.
WITH answered (state, events) AS (
    SELECT state, events FROM batch UNION ALL SELECT state, events FROM dropped
)
SELECT (SELECT count(*) FROM event) AS waiting,
       coalesce(sum(events) FILTER (WHERE state = 'accepted'), 0) AS accepted,
       coalesce(sum(events) FILTER (WHERE state = 'repeated'), 0) AS repeated,
       (SELECT count(*) FROM refused) AS refused
FROM answered
