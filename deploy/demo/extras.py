"""What exports leave out and a platform tells the registry besides: broken-off work, disputes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from deploy.demo.ndjson import Filed, Pen, filed
from deploy.demo.population import make_id
from deploy.demo.work import Fate, Month, Piece
from events import data, vocabulary
from events.scalars import Contested, DecidedBy, Outcome, Party
from events.vocabulary import Event

#: Broken-off tasks for each piece of work handed in, and how they end.
DROPPED = 0.03
ENDINGS = (vocabulary.TaskReturned,) * 6 + (vocabulary.TaskExpired,) * 3
ABORTED = 0.15
#: Share of the standing rejections that a worker contests.
CONTESTED = 0.08


@dataclass(frozen=True)
class Drop:
    """Work that was begun beside `like` and never handed in."""

    id: str
    like: Piece
    seconds: int
    kind: type[Event]


def drops(rng: Random, pieces: Iterable[Piece]) -> list[Drop]:
    """Broken-off work of the same workers on the same offers."""
    return [_drop(rng, piece) for piece in pieces if rng.random() < DROPPED]


def drop_events(pen: Pen, dropped: Iterable[Drop]) -> Iterator[Filed]:
    """`task.returned`, `task.expired` and, for technical faults, `task.aborted`."""
    for drop in dropped:
        yield filed(pen.event(drop.kind, drop.id, drop.like.submitted, _dropping(pen, drop)))


def dispute_events(pen: Pen, rng: Random, pieces: Iterable[Piece], month: Month) -> Iterator[Filed]:
    """Every overturned rejection was contested, and some that stand."""
    for piece in pieces:
        contested = piece.fate is Fate.OVERTURNED or (
            piece.fate is Fate.REJECTED and rng.random() < CONTESTED
        )
        if contested and piece.decided is not None:
            yield from _dispute(pen, piece, piece.decided, month)


def _drop(rng: Random, piece: Piece) -> Drop:
    kind = vocabulary.TaskAborted if rng.random() < ABORTED else rng.choice(ENDINGS)
    seconds = round(piece.seconds * rng.uniform(0.2, 1.0))
    return Drop(id=make_id(rng, "3", 29), like=piece, seconds=seconds, kind=kind)


def _dropping(pen: Pen, drop: Drop) -> data.Dropping | data.Abortion:
    offer = drop.like.offer
    said: dict[str, Any] = {
        "task": drop.id,
        "worker": pen.pseudonym(drop.like.worker),
        "contract": offer.id,
        "task_group": offer.group,
        "residence": offer.pool.residence,
        "seconds": drop.seconds,
    }
    if drop.kind is vocabulary.TaskAborted:
        return data.Abortion(**said, cause="upload-failed")
    return data.Dropping(**said)


def _dispute(pen: Pen, piece: Piece, refused: datetime, month: Month) -> Iterator[Filed]:
    key, worker = f"dispute-{piece.id}", pen.pseudonym(piece.worker)
    opened = data.DisputeOpened(
        dispute=key,
        contested=Contested.REJECTION,
        subject=piece.id,
        worker=worker,
        by=Party.WORKER,
        reason_code="work-meets-instructions",
    )
    answered = data.DisputeAnswered(dispute=key, worker=worker, by=Party.PLATFORM)
    ended = piece.overturned or refused + timedelta(days=4)
    decided = data.DisputeDecided(
        dispute=key,
        worker=worker,
        outcome=Outcome.UPHELD if piece.overturned else Outcome.DISMISSED,
        decided_by=DecidedBy.HUMAN,
        decided_at=ended,
    )
    steps = (
        (vocabulary.DisputeOpened, refused + timedelta(hours=1), opened),
        (vocabulary.DisputeAnswered, refused + timedelta(days=1), answered),
        (vocabulary.DisputeDecided, ended, decided),
    )
    for kind, moment, said in steps:
        if month.within(moment):
            yield filed(pen.event(kind, key, moment, said))
