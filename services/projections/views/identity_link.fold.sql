-- Keeps a link as it stands now. $1 to $10: the columns in their order.
INSERT INTO identity_link VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (platform, worker, event_number) DO UPDATE SET
    ended_event = excluded.ended_event,
    ended_original = excluded.ended_original,
    ended_leaf = excluded.ended_leaf
