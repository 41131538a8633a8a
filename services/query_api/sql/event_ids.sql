-- Ids of events by their numbers, of those that are no repeats. :numbers array.
SELECT event_number, event_id FROM fact
WHERE event_number = ANY (CAST(:numbers AS bigint[])) AND event_id IS NOT NULL
