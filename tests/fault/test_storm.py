"""A short fault run on either log, always of the same seed. `make test-fault` runs longer ones.

Goal: whatever was broken, what was acknowledged has one leaf, what was refused has none, and two
read databases hold the same bytes. Method: `storm.py`.
"""

from deploy.kafka.programs import Programs
from tests.fault.cast import EMBEDDED, KAFKA
from tests.fault.storm import run

#: Chosen because leaders, databases and all brokers at once are among the first to be hit.
_SEED_EMBEDDED, _SEED_KAFKA = 2792, 3251
_FAULTS_EMBEDDED, _FAULTS_KAFKA = 8, 10


async def test_nothing_is_lost_in_a_storm_on_the_embedded_log() -> None:
    tally = await run(EMBEDDED, _SEED_EMBEDDED, _FAULTS_EMBEDDED, print, disks=False)
    assert tally.faults == _FAULTS_EMBEDDED


async def test_nothing_is_lost_in_a_storm_on_kafka(kafka_programs: Programs) -> None:
    tally = await run(KAFKA, _SEED_KAFKA, _FAULTS_KAFKA, print, disks=False)
    assert tally.faults == _FAULTS_KAFKA
