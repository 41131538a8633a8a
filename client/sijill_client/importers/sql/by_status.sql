-- Distinct assignments by status.
SELECT status, count(*) FROM assignment GROUP BY status
