-- identity_link in natural-key order: equal logs give equal bytes.
SELECT platform, worker, event_number, original, person, leaf_index, recorded_day, ended_event,
       ended_original, ended_leaf
FROM identity_link
ORDER BY platform COLLATE "C", worker COLLATE "C", event_number
