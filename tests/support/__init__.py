"""What tests share: a world with a real PostgreSQL in it."""
