"""Alembic's entry: runs on a connection that the caller opened (see `migrations.run`)."""

from alembic import context

from migrations.tables import SCHEMAS, metadata


def _ours(name: str | None, kind: str, parents: object) -> bool:
    return kind != "schema" or name in SCHEMAS


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_schemas=True,
    include_name=_ours,
    version_table_schema="public",
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
