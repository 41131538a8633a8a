-- The events of a batch in order.
SELECT type, id, body, number FROM event WHERE batch = :batch ORDER BY number
