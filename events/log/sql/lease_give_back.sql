-- Ends one's own lease now, in a way that the next taker tells from silence. $1 role, $2 holder.
UPDATE log.lease SET expires_at = '-infinity' WHERE role = $1 AND holder = $2
