"""The first schemas: log, projection, vault, audit."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

SCHEMAS = ("log", "projection", "vault", "audit")
INTAKE_PARTITIONS = 12


def upgrade() -> None:
    for schema in SCHEMAS:
        op.execute(f"CREATE SCHEMA {schema}")
    op.create_table(
        "access",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("who <> ''", name=op.f("access_named")),
        sa.PrimaryKeyConstraint("number", name=op.f("access_pk")),
        schema="audit",
        comment="One line for each read of rows about one worker, written before the answer.",
    )
    op.create_table(
        "emitter",
        sa.Column("emitter", sa.Text(), nullable=False),
        sa.Column("leaf_index", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("added_leaf", sa.BigInteger(), nullable=False),
        sa.Column("schemes", sa.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("emitter", "leaf_index", name=op.f("emitter_pk")),
        schema="log",
        comment="Derived: each state of an emitter, from the leaf of the act on.",
    )
    op.create_table(
        "emitter_key",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("leaf_index", sa.BigInteger(), nullable=False),
        sa.Column("emitter", sa.Text(), nullable=False),
        sa.Column("jwk", JSONB(), nullable=False),
        sa.Column("added_leaf", sa.BigInteger(), nullable=False),
        sa.Column("revoked_leaf", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("kid", "leaf_index", name=op.f("emitter_key_pk")),
        schema="log",
        comment="Derived: each state of a key, from the leaf of the act on.",
    )
    op.create_table(
        "intake",
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("emitter", sa.Text(), nullable=False),
        sa.Column("submission", sa.Text(), nullable=False),
        sa.Column("body_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "offset", name=op.f("intake_pk")),
        schema="log",
        comment="What the door acknowledged, byte for byte.",
    )
    op.create_table(
        "intake_counter",
        sa.Column("partition", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("next_offset", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("partition", name=op.f("intake_counter_pk")),
        schema="log",
        comment="The next offset of each partition; its lock makes offsets follow commits.",
    )
    op.create_table(
        "leaf",
        sa.Column("leaf_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("positions", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index", name=op.f("leaf_pk")),
        schema="log",
        comment="The chain: the primary key lets one writer win each index.",
    )
    op.create_table(
        "lease",
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("backend_pid", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("role", name=op.f("lease_pk")),
        schema="log",
        comment="Who should write. It saves work when it is right; truth never rests on it.",
    )
    op.create_table(
        "quarantine",
        sa.Column("leaf_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("act_leaf", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index", name=op.f("quarantine_pk")),
        schema="log",
        comment="Derived: leaves that no fold shall read, and the act that said so.",
    )
    op.create_table(
        "submission",
        sa.Column("emitter", sa.Text(), nullable=False),
        sa.Column("submission", sa.Text(), nullable=False),
        sa.Column("body_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_index", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("emitter", "submission", "body_sha256", name=op.f("submission_pk")),
        schema="log",
        comment="Derived index: what stands under an (emitter, id).",
    )
    op.create_index(
        "submission_counted_once",
        "submission",
        ["emitter", "submission"],
        unique=True,
        schema="log",
        postgresql_where=sa.text("outcome = 'counted'"),
    )
    op.create_table(
        "generation",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("tzdata", sa.Text(), nullable=False),
        sa.Column(
            "made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("generation_pk")),
        schema="projection",
    )
    op.create_index(
        "generation_one_active",
        "generation",
        ["active"],
        unique=True,
        schema="projection",
        postgresql_where=sa.text("active"),
    )
    op.create_table(
        "legal_representative",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("legal_representative_pk")),
        schema="vault",
        comment="The log holds the salted digest alone.",
    )
    # Bodies are read whole and often compressed already: TOAST shall not try.
    op.execute("ALTER TABLE log.intake ALTER COLUMN body SET STORAGE EXTERNAL")
    op.execute(
        "INSERT INTO log.intake_counter (partition) "
        f"SELECT generate_series(0, {INTAKE_PARTITIONS - 1})"
    )


def downgrade() -> None:
    for schema in SCHEMAS:
        op.execute(f"DROP SCHEMA {schema} CASCADE")
