"""A real PostgreSQL from a wheel, and the processes of one machine, kept alive by one parent."""
