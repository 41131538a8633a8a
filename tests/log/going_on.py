"""What every log must do after whatever was done to it: go on."""

from events.log.protocol import LeafRecord, SequencerLog
from tests.log.kits import LogKit
from tests.log.writing import Writer, arrival

#: Tries after which a log that lets nobody win does not go on.
_TRIES = 10


async def goes_on(kit: LogKit, log: SequencerLog) -> LeafRecord:
    """A round behind the tail wins, as soon as nothing that was given up can still land."""
    for _ in range(_TRIES):
        writer, sent = Writer.behind(await log.tail()), arrival("later")
        round_ = writer.round([(await kit.intake.append(sent), sent)])
        if await log.commit(round_):
            assert await log.tail() == round_.leaves[-1]
            return round_.leaves[-1]
    raise AssertionError("nothing wins any more")
