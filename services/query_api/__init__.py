"""The query API: what readers talk to, through a database role that can only read."""
