-- Takes the lease if it is free, expired, one's own, or if the session of its heartbeat is gone; one
-- row if taken, with the name of another that lost it (null if it was given back, or one's own).
-- $1 role, $2 holder, $3 seconds.
WITH old AS (SELECT holder, expires_at FROM log.lease WHERE role = $1)
INSERT INTO log.lease AS l (role, holder, backend_pid, expires_at)
VALUES ($1, $2, pg_backend_pid(), clock_timestamp() + make_interval(secs => $3))
ON CONFLICT (role) DO UPDATE
    SET holder = excluded.holder, backend_pid = excluded.backend_pid,
        expires_at = excluded.expires_at
    WHERE l.holder = excluded.holder OR l.expires_at < clock_timestamp()
        OR NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = l.backend_pid)
RETURNING (SELECT holder FROM old WHERE holder <> $2 AND expires_at > '-infinity') AS lost_by
