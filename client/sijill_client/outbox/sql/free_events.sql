-- What is left of a refused batch waits again in its old order; it goes in smaller batches if
-- nobody said which of its events is to blame.
UPDATE event SET batch = NULL, most = :most WHERE batch = :batch
