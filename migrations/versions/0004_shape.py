"""Which tables a generation of views was made of: one of another version is made anew, not read."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    # What stands was made by a version that did not say so, so by another one.
    op.add_column(
        "generation",
        sa.Column("shape", sa.Text(), nullable=False, server_default=""),
        schema="projection",
    )


def downgrade() -> None:
    op.drop_column("generation", "shape", schema="projection")
