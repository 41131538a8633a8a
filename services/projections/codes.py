"""Codes of emitters and workers in one generation, made where they are new."""

from collections.abc import Iterable, Sequence

import asyncpg

from services.projections import catalogue
from services.projections.encoding import Speaker

#: Workers whose codes are kept in memory; past it the memory starts anew.
WORKERS_KNOWN_MAX = 1_000_000


class Codes:
    """Codes that stand; what a lost transaction made must be forgotten with it."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self.emitters: dict[str, int] = {}
        self._workers: dict[tuple[int, str], int] = {}
        # Known workers who never counted: who they are in a batch is all its fold must look at.
        self._uncounted: set[int] = set()

    async def of(self, speakers: Sequence[Speaker]) -> list[tuple[int, int | None]]:
        """Emitter and worker as codes, in the order asked."""
        emitters = await self._of_emitters({emitter for emitter, _ in speakers})
        named = [(emitters[emitter], worker) for emitter, worker in speakers]
        workers = await self._of_workers({(e, w) for e, w in named if w is not None})
        return [(e, None if w is None else workers[e, w]) for e, w in named]

    async def date(self, codes: Iterable[tuple[int, int | None]]) -> None:
        """Note when workers of a batch first counted; once they did, that stands."""
        if self._uncounted.isdisjoint(worker for _, worker in codes if worker is not None):
            return
        dated = await self._connection.fetch(catalogue.fold_sql("worker"))
        self._uncounted.difference_update(row["worker_code"] for row in dated)

    async def _of_emitters(self, asked: Iterable[str]) -> dict[str, int]:
        known = self.emitters
        new = sorted(set(asked) - known.keys())
        if new:
            made = await self._connection.fetch(catalogue.codes_sql("emitter"), new)
            known.update((row["emitter"], row["emitter_code"]) for row in made)
        return known

    async def _of_workers(self, asked: set[tuple[int, str]]) -> dict[tuple[int, str], int]:
        known = self._workers
        if len(known) > WORKERS_KNOWN_MAX:
            known.clear()
            self._uncounted.clear()
        new = sorted(asked - known.keys())
        if new:
            made = await self._connection.fetch(
                catalogue.codes_sql("worker"),
                [emitter for emitter, _ in new],
                [worker for _, worker in new],
            )
            known.update(((r["emitter_code"], r["worker"]), r["worker_code"]) for r in made)
            self._uncounted.update(
                r["worker_code"] for r in made if r["first_recorded_day"] is None
            )
        return known
