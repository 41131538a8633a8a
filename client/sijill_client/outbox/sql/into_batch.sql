-- The events up to a number are this batch's.
UPDATE event SET batch = :batch WHERE batch IS NULL AND number <= :last
