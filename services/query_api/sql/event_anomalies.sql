-- What the folds found wrong in one event.
SELECT event_number, rule, pointer FROM anomaly
WHERE leaf_index = :leaf AND event_number = :event_number
ORDER BY rule, pointer
