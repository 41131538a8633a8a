"""Which submissions of an emitter count nowhere, without a look at those that do."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_index(
        "submission_uncounted",
        "submission",
        ["emitter", "leaf_index"],
        schema="log",
        postgresql_where=sa.text("outcome <> 'counted'"),
    )


def downgrade() -> None:
    op.drop_index("submission_uncounted", table_name="submission", schema="log")
