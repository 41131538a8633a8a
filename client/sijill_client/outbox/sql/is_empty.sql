-- Whether every event that was put has its answer.
SELECT NOT EXISTS (SELECT 1 FROM event)
