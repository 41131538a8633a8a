"""Codes of emitters and workers in one generation, made where they are new."""

from collections.abc import Iterable, Sequence

import asyncpg

from services.projections import catalogue
from services.projections.encoding import Speaker

#: Speakers whose codes are kept in memory; past it the memory starts anew.
SPEAKERS_KNOWN_MAX = 500_000


class Codes:
    """Codes that stand; what a lost transaction made must be forgotten with it."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self.emitters: dict[str, int] = {}
        # By name in one look: a batch names nearly as many speakers as it has events.
        self._known: dict[Speaker, tuple[int, int | None]] = {}
        # Known workers who never counted: whether one is in a batch is all that its fold must see.
        self._uncounted: set[int] = set()

    async def of(self, speakers: Sequence[Speaker]) -> list[tuple[int, int | None]]:
        """Emitter and worker as codes, in the order asked."""
        known = self._known
        if len(known) > SPEAKERS_KNOWN_MAX:
            known.clear()
            self._uncounted.clear()
        new = [speaker for speaker in speakers if speaker not in known]
        if new:
            await self._learn(new)
        return [known[speaker] for speaker in speakers]

    async def date(self, speakers: Iterable[Speaker]) -> None:
        """Note when workers of a batch whose codes are known first counted; that then stands."""
        known, uncounted = self._known, self._uncounted
        if not uncounted or uncounted.isdisjoint(known[speaker][1] for speaker in speakers):
            return
        dated = await self._connection.fetch(catalogue.fold_sql("worker"))
        uncounted.difference_update(row["worker_code"] for row in dated)

    async def _learn(self, new: Sequence[Speaker]) -> None:
        emitters = await self._of_emitters({emitter for emitter, _ in new})
        workers = [(emitter, worker) for emitter, worker in new if worker is not None]
        if workers:
            await self._of_workers(workers)
        for emitter, worker in new:
            if worker is None:
                self._known[emitter, None] = (emitters[emitter], None)

    async def _of_emitters(self, asked: Iterable[str]) -> dict[str, int]:
        known = self.emitters
        new = sorted(set(asked) - known.keys())
        if new:
            made = await self._connection.fetch(catalogue.codes_sql("emitter"), new)
            known.update((row["emitter"], row["emitter_code"]) for row in made)
        return known

    async def _of_workers(self, new: Sequence[tuple[str, str]]) -> None:
        names = {code: emitter for emitter, code in self.emitters.items()}
        made = await self._connection.fetch(
            catalogue.codes_sql("worker"),
            [self.emitters[emitter] for emitter, _ in new],
            [worker for _, worker in new],
        )
        for row in made:
            speaker = (names[row["emitter_code"]], row["worker"])
            self._known[speaker] = (row["emitter_code"], row["worker_code"])
            if row["first_recorded_day"] is None:
                self._uncounted.add(row["worker_code"])
