-- The leaf of an event that added something. A repeat did not, nor did what was set aside.
SELECT leaf_index FROM fact WHERE event_number = :event_number LIMIT 1
