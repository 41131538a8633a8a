"""The whole intake, as a sequencer reads it: on and on, holding each answer to what is promised."""

from collections import defaultdict

from events.log.protocol import IntakeRecord
from tests.log.kits import LogKit
from tests.log.writing import START


def by_partition(records: list[IntakeRecord]) -> dict[int, list[IntakeRecord]]:
    """Each partition's, in its order."""
    found: dict[int, list[IntakeRecord]] = defaultdict(list)
    for record in records:
        found[record.place.partition].append(record)
    return found


async def read_all(kit: LogKit, limit: int = 1_000) -> list[IntakeRecord]:
    """All that lies in the intake, read on and on; each answer goes on where the last ended."""
    positions, read = list(START), list[IntakeRecord]()
    while some := await kit.log.intake(tuple(positions), limit):
        for partition, records in by_partition(some).items():
            assert [r.place.offset for r in records] == [
                positions[partition] + step for step in range(len(records))
            ]
            assert len(records) <= limit
            positions[partition] += len(records)
        read += some
    return read
