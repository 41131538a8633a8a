"""Weekly payouts: what was earned since the last one, less the platform's fee."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from deploy.demo.ndjson import Filed, Pen, filed
from deploy.demo.population import Platform, Worker
from deploy.demo.stream import CURRENCY
from deploy.demo.work import Month, Piece
from events import data, vocabulary
from events.scalars import Rail

PAY_WEEK = 7
TASKS_IN_PAYMENT_MAX = 50
PAID_AT = time(10)
CRYPTO_ASSET = "usdc"


def payment_events(
    pen: Pen, platform: Platform, pieces: Iterable[Piece], month: Month
) -> Iterator[Filed]:
    """A `payment.made` of 1 to 50 tasks for each worker and payday.

    Work approved on or after the last payday, and balances below the platform's smallest payout,
    stay earned and unpaid.
    """
    owed: dict[str, list[Piece]] = defaultdict(list)
    ready = sorted((p for p in pieces if p.earned_on), key=lambda p: (p.earned_on, p.id))
    taken = 0
    for payday in month.days[PAY_WEEK - 1 :: PAY_WEEK]:
        while taken < len(ready) and (ready[taken].earned_on or payday) < payday:
            owed[ready[taken].worker.raw_id].append(ready[taken])
            taken += 1
        for name in [n for n, due in owed.items() if _cents(due) >= platform.payout_from]:
            yield from _payout(pen, platform, owed.pop(name), payday)


def twice(payments: Sequence[Filed], pen: Pen) -> Iterator[Filed]:
    """A payment reported a second time by mistake, and its cancellation the next day."""
    day, first = payments[0]
    assert isinstance(first, vocabulary.PaymentMade)
    key = first.id.partition(":")[2] + "-again"
    again = pen.event(vocabulary.PaymentMade, key, first.time, first.data)
    yield day, again
    said = vocabulary.Cancellation(event=again.id, reason_code="reported-twice")
    moment = first.time + timedelta(days=1)
    yield filed(pen.event(vocabulary.CorrectionCancelled, key, moment, said))


def _cents(due: Iterable[Piece]) -> int:
    return sum(piece.offer.cents for piece in due)


def _payout(pen: Pen, platform: Platform, due: list[Piece], payday: date) -> Iterator[Filed]:
    for start in range(0, len(due), TASKS_IN_PAYMENT_MAX):
        part = due[start : start + TASKS_IN_PAYMENT_MAX]
        moment = datetime.combine(payday, PAID_AT, UTC)
        key = f"{payday:%Y%m%d}-{start}-{pen.pseudonym(part[0].worker)}"
        said = _payment(pen, platform, part[0].worker, part, moment)
        yield filed(pen.event(vocabulary.PaymentMade, key, moment, said))


def _payment(
    pen: Pen, platform: Platform, worker: Worker, part: Sequence[Piece], moment: datetime
) -> data.Payment:
    gross = sum((piece.pay for piece in part), Decimal(0))
    fee = gross * platform.fee_percent / 100
    crypto = worker.rail is Rail.CRYPTO
    return data.Payment(
        worker=pen.pseudonym(worker),
        gross=str(gross),
        currency=CURRENCY,
        fee=str(fee),
        net=str(gross - fee),
        rail=worker.rail,
        asset=CRYPTO_ASSET if crypto else None,
        quantity=str(gross - fee) if crypto else None,
        paid_at=moment,
        tasks=[piece.id for piece in part],
        residence=worker.pool.residence,
    )
