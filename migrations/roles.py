"""The database roles, and what each may do: the second lock behind the code's own care."""

INGEST = "sijill_ingest"
SEQUENCER = "sijill_sequencer"
PROJECTION = "sijill_projection"
QUERY = "sijill_query"
AUDIT = "sijill_audit"
OPERATOR = "sijill_operator"
ROLES = (INGEST, SEQUENCER, PROJECTION, QUERY, AUDIT, OPERATOR)

_DERIVED = (
    "log.leaf, log.leaf_place, log.topic, log.submission, log.emitter, log.emitter_key, "
    "log.quarantine"
)

#: Run in this order, each safe to run again.
GRANTS = (
    f"GRANT USAGE ON SCHEMA log TO {INGEST}, {SEQUENCER}, {PROJECTION}, {QUERY}, {OPERATOR}",
    f"GRANT SELECT ON {_DERIVED} TO {INGEST}, {SEQUENCER}, {PROJECTION}, {QUERY}, {OPERATOR}",
    f"GRANT SELECT ON log.intake TO {SEQUENCER}, {PROJECTION}, {QUERY}, {OPERATOR}",
    f"GRANT INSERT ON log.intake TO {INGEST}",
    f"GRANT SELECT, UPDATE ON log.intake_counter TO {INGEST}",
    f"GRANT SELECT ON log.intake_counter TO {SEQUENCER}, {OPERATOR}",
    f"GRANT INSERT ON {_DERIVED} TO {SEQUENCER}",
    f"GRANT SELECT, INSERT, UPDATE ON log.lease TO {SEQUENCER}, {PROJECTION}",
    f"GRANT pg_signal_backend TO {SEQUENCER}, {PROJECTION}",
    f"GRANT USAGE ON SCHEMA projection TO {PROJECTION}, {QUERY}, {OPERATOR}",
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON projection.generation TO {PROJECTION}",
    f"GRANT SELECT ON projection.generation TO {QUERY}, {OPERATOR}",
    f"GRANT USAGE ON SCHEMA vault TO {OPERATOR}",
    f"GRANT SELECT, INSERT, DELETE ON vault.legal_representative TO {OPERATOR}",
    f"GRANT USAGE ON SCHEMA audit TO {AUDIT}, {OPERATOR}",
    f"GRANT INSERT ON audit.access TO {AUDIT}",
    f"GRANT SELECT ON audit.access TO {OPERATOR}",
    f"GRANT {QUERY} TO {OPERATOR}",
)


def database_grant(database: str) -> str:
    """What the projection needs on the database itself: generations are schemas that it makes."""
    return f'GRANT CREATE, TEMPORARY ON DATABASE "{database}" TO {PROJECTION}'
