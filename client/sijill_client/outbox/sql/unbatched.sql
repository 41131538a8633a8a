-- The events that wait in no batch yet, the first ones first.
SELECT type, id, body, number, most FROM event WHERE batch IS NULL ORDER BY number LIMIT :most
