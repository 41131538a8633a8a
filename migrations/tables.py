"""Every table that outlives a generation of views.

History is insert only: the roles in `migrations.roles` hold neither UPDATE nor DELETE on it. What
is updated (a counter, a lease, a pointer) is not history.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pk",
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "ck": "%(table_name)s_%(constraint_name)s",
    }
)

# --- log: the embedded log, and the index that both logs derive ----------------------------

intake_counter = Table(
    "intake_counter",
    metadata,
    Column("partition", SmallInteger, primary_key=True, autoincrement=False),
    Column("next_offset", BigInteger, nullable=False, server_default=text("0")),
    schema="log",
    comment="The next offset of each partition; its lock makes offsets follow commits.",
)

intake = Table(
    "intake",
    metadata,
    Column("partition", SmallInteger, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("emitter", Text, nullable=False),
    Column("submission", Text, nullable=False),
    Column("body_sha256", LargeBinary, nullable=False),
    Column("events", Integer, nullable=False),
    Column("received_at", Text, nullable=False),
    Column("token", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("partition", "offset"),
    schema="log",
    comment="What the door acknowledged, byte for byte.",
)

leaf = Table(
    "leaf",
    metadata,
    Column("leaf_index", BigInteger, primary_key=True, autoincrement=False),
    Column("previous_hash", LargeBinary, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("partition", SmallInteger, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("positions", ARRAY(BigInteger), nullable=False),
    schema="log",
    comment="The chain: the primary key lets one writer win each index.",
)

submission = Table(
    "submission",
    metadata,
    Column("emitter", Text, nullable=False),
    Column("submission", Text, nullable=False),
    Column("body_sha256", LargeBinary, nullable=False),
    Column("leaf_index", BigInteger, nullable=False),
    Column("outcome", Text, nullable=False),
    PrimaryKeyConstraint("emitter", "submission", "body_sha256"),
    schema="log",
    comment="Derived index: what stands under an (emitter, id).",
)
# A second counted body under one id is impossible, not merely unlikely.
Index(
    "submission_counted_once",
    submission.c.emitter,
    submission.c.submission,
    unique=True,
    postgresql_where=text("outcome = 'counted'"),
)
# The others are few, and their emitter wants to see them.
Index(
    "submission_uncounted",
    submission.c.emitter,
    submission.c.leaf_index,
    postgresql_where=text("outcome <> 'counted'"),
)

leaf_place = Table(
    "leaf_place",
    metadata,
    Column("leaf_index", BigInteger, primary_key=True, autoincrement=False),
    Column("leaf_offset", BigInteger, nullable=False),
    Column("leaf_hash", LargeBinary, nullable=False),
    Column("partition", SmallInteger, nullable=False),
    Column("offset", BigInteger, nullable=False),
    schema="log",
    comment="Derived, on Kafka: where each leaf and its body lie in their topics.",
)

topic = Table(
    "topic",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("topic_id", Text, nullable=False),
    Column("partitions", Integer, nullable=False),
    schema="log",
    comment="The topics that this index belongs to, as they were when it began.",
)

emitter = Table(
    "emitter",
    metadata,
    Column("emitter", Text, nullable=False),
    Column("leaf_index", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("added_leaf", BigInteger, nullable=False),
    Column("schemes", ARRAY(Text), nullable=False),
    PrimaryKeyConstraint("emitter", "leaf_index"),
    schema="log",
    comment="Derived: each state of an emitter, from the leaf of the act on.",
)

emitter_key = Table(
    "emitter_key",
    metadata,
    Column("kid", Text, nullable=False),
    Column("leaf_index", BigInteger, nullable=False),
    Column("emitter", Text, nullable=False),
    Column("jwk", JSONB, nullable=False),
    Column("added_leaf", BigInteger, nullable=False),
    Column("revoked_leaf", BigInteger),
    PrimaryKeyConstraint("kid", "leaf_index"),
    schema="log",
    comment="Derived: each state of a key, from the leaf of the act on.",
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("leaf_index", BigInteger, primary_key=True, autoincrement=False),
    Column("act_leaf", BigInteger, nullable=False),
    schema="log",
    comment="Derived: leaves that no fold shall read, and the act that said so.",
)

lease = Table(
    "lease",
    metadata,
    Column("role", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("backend_pid", Integer, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    schema="log",
    comment="Who should write. It saves work when it is right; truth never rests on it.",
)

# --- projection: which generation of views answers -----------------------------------------

generation = Table(
    "generation",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("active", Boolean, nullable=False),
    Column("tzdata", Text, nullable=False),
    Column("shape", Text, nullable=False, server_default=""),
    Column("made_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    schema="projection",
)
Index(
    "generation_one_active",
    generation.c.active,
    unique=True,
    postgresql_where=text("active"),
)

# --- vault: names of persons, erasable without touching the log ----------------------------

legal_representative = Table(
    "legal_representative",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("name", Text, nullable=False),
    schema="vault",
    comment="The log holds the salted digest alone.",
)

# --- audit ----------------------------------------------------------------------------------

access = Table(
    "access",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("who", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    CheckConstraint("who <> ''", name="named"),
    schema="audit",
    comment="One line for each read of rows about one worker, written before the answer.",
)

SCHEMAS = ("log", "projection", "vault", "audit")
