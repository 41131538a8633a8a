"""Rows of the embedded log's tables, from and to the protocol's values."""

from dataclasses import fields
from typing import Any

import asyncpg

from events.keys import Emitter, Key
from events.leaf import LeafOutcome
from events.log.protocol import Arrival, Indexed, IntakeRecord, LeafRecord, Place


def arrival_row(partition: int, a: Arrival, anyway: bool) -> tuple[Any, ...]:
    """An arrival on its way to a partition, to be kept whatever stands or not."""
    return (
        partition,
        a.emitter,
        a.submission,
        a.body_sha256,
        a.events,
        a.received_at,
        a.token,
        a.body,
        anyway,
    )


def leaf_row(record: LeafRecord) -> tuple[Any, ...]:
    """A leaf with what is kept beside it."""
    place = record.place
    return (
        record.index,
        record.previous_hash,
        record.leaf,
        place.partition,
        place.offset,
        # Arrays within an array would have to be of one length and lose their borders.
        f"{{{','.join(map(str, record.positions))}}}",
    )


def indexed_row(one: Indexed) -> tuple[Any, ...]:
    """An entry of the index."""
    return (one.emitter, one.submission, one.body_sha256, one.leaf_index, one.outcome.value)


def emitter_row(leaf_index: int, one: Emitter) -> dict[str, Any]:
    """An emitter's state from a leaf on."""
    return {"leaf_index": leaf_index, **_fields(one)}


def key_row(leaf_index: int, key: Key) -> dict[str, Any]:
    """A key's state from a leaf on."""
    return {"leaf_index": leaf_index, **_fields(key)}


def _fields(one: Emitter | Key) -> dict[str, Any]:
    return {field.name: getattr(one, field.name) for field in fields(one)}


def intake_record(row: asyncpg.Record) -> IntakeRecord:
    """A record of the intake without its body."""
    return IntakeRecord(
        Place(row["partition"], row["offset"]),
        row["emitter"],
        row["submission"],
        row["body_sha256"],
        row["body_bytes"],
        row["token"],
        row["events"],
        row["received_at"],
    )


def leaf_record(row: asyncpg.Record) -> LeafRecord:
    """A leaf with what is kept beside it."""
    return LeafRecord(
        row["leaf_index"],
        row["previous_hash"],
        row["leaf"],
        Place(row["partition"], row["offset"]),
        tuple(row["positions"]),
    )


def indexed(row: asyncpg.Record) -> Indexed:
    """An entry of the index."""
    return Indexed(
        row["emitter"],
        row["submission"],
        row["body_sha256"],
        row["leaf_index"],
        LeafOutcome(row["outcome"]),
    )
