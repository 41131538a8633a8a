"""Where leaves and bodies lie on Kafka, and which topics the index belongs to."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "leaf_place",
        sa.Column("leaf_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("leaf_offset", sa.BigInteger(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index", name=op.f("leaf_place_pk")),
        schema="log",
        comment="Derived, on Kafka: where each leaf and its body lie in their topics.",
    )
    op.create_table(
        "topic",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("topic_id", sa.Text(), nullable=False),
        sa.Column("partitions", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("topic", name=op.f("topic_pk")),
        schema="log",
        comment="The topics that this index belongs to, as they were when it began.",
    )


def downgrade() -> None:
    op.drop_table("topic", schema="log")
    op.drop_table("leaf_place", schema="log")
