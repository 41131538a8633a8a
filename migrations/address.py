"""How SQLAlchemy is told where a database is."""


def engine_url(dsn: str) -> str:
    """A `postgresql://` address in SQLAlchemy's spelling for asyncpg."""
    return dsn.replace("postgresql://", "postgresql+asyncpg://", 1)
