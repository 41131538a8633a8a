"""Looking up what stands under an id: those who ask at once share a round trip."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence

from events.log.grouping import Grouping
from events.log.protocol import Indexed
from events.pacing import ROUND_TRIP_GAP

#: An emitter and a submission id.
Id = tuple[str, str]
LookUp = Callable[[Sequence[Id]], Awaitable[list[Indexed]]]
#: Ids that are looked up together at most.
LOOK_UPS_MAX = 256


def look_ups(look_up: LookUp) -> Grouping[Id, list[Indexed]]:
    """Asks for one id at a time, answered many at once by an index's `look_up`."""

    async def act(ids: Sequence[Id]) -> list[list[Indexed]]:
        found: dict[Id, list[Indexed]] = defaultdict(list)
        for one in await look_up(list(set(ids))):
            found[one.emitter, one.submission].append(one)
        return [found[asked] for asked in ids]

    return Grouping(act, items_max=LOOK_UPS_MAX, gap=ROUND_TRIP_GAP)
