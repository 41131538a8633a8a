-- The registry holds the events of this batch.
DELETE FROM event WHERE batch = :batch
