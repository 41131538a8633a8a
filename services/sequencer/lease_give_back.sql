-- Ends one's own lease now. $1 role, $2 holder.
UPDATE log.lease SET expires_at = clock_timestamp() WHERE role = $1 AND holder = $2
