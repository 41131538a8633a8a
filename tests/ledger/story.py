"""Events that pay workers and say who they are, and what must stand posted after them.

What must stand comes from the oracle. Each track keeps its own order (RULES 3.6): a payment and its
corrections, or the acts about persons and schemes; tracks are woven and posted between at will.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from events.money import MICRO, to_micros
from tests.ledger.months import morocco
from tests.ledger.oracle import Paid, due
from tests.projections.accounting import Event
from tests.support.books import Books, Key

PLATFORMS = ("alpha", "beta")
WORKERS = ("w1", "w2")
SCHEMES = ("cnss", "tns", "auto-entrepreneur")
DAYS = ("2026-01-05", "2026-01-31", "2026-02-01", "2026-02-14", "2026-03-02")
RATE = "9.2417"

PAID = st.fixed_dictionaries(
    {
        "platform": st.sampled_from(PLATFORMS),
        "worker": st.sampled_from(WORKERS),
        "day": st.sampled_from(DAYS),
        "gross": st.sampled_from(["0.000001", "0.05", "742.35", "5999.99", "9000", "1000000000"]),
        "foreign": st.booleans(),
        "residence": st.sampled_from(["MA", "MA", "MA-05", "FR", None]),
    }
)
#: A payment, then corrections of it: None cancels, else it is replaced by what is said.
TRACKS = st.lists(st.tuples(PAID, st.lists(st.none() | PAID, max_size=3)), min_size=1, max_size=8)
WHO = st.tuples(st.sampled_from(PLATFORMS), st.sampled_from(WORKERS))
LINK = st.tuples(st.sampled_from(["link", "unlink"]), WHO, st.sampled_from(["p1", "p2"]))
ASSIGN = st.tuples(st.just("assign"), WHO | st.sampled_from(["p1", "p2"]), st.sampled_from(SCHEMES))
ACTS = st.lists(LINK | ASSIGN, max_size=6)

Said = tuple[str, Event]


@dataclass
class Story:
    """One set of events, under names that no other has. `currency`: a foreign one of its own."""

    prefix: str
    currency: str
    paid: Sequence[tuple[dict[str, Any], Sequence[dict[str, Any] | None]]]
    acts: Sequence[tuple[Any, ...]]
    _ids: int = field(default=0)

    def tracks(self) -> list[list[Said]]:
        """By whom and what, each in its order."""
        rates = [[self._rate(day)] for day in DAYS]
        return (
            [self._track(*one) for one in self.paid] + [[self._act(a) for a in self.acts]] + rates
        )

    def _event(self, type_: str, data: dict[str, Any]) -> Event:
        self._ids += 1
        known = {name: value for name, value in data.items() if value is not None}
        id_ = f"{self.prefix}{self._ids}"
        said = {"id": id_, "type": f"{type_}.v1", "time": "2026-03-04T10:00:00Z", "data": known}
        return {"specversion": "1.0", **said}

    def _track(
        self, first: dict[str, Any], corrections: Sequence[dict[str, Any] | None]
    ) -> list[Said]:
        event = self._event("payment.made", self._payment(first))
        said = [event]
        for one in corrections:
            about: dict[str, Any] = {"event": event["id"]}
            if one is not None:
                about["replacement"] = {"type": "payment.made.v1", "data": self._payment(one)}
            kind = "correction.cancelled" if one is None else "correction.replaced"
            said.append(self._event(kind, about))
        # A correction is its emitter's own, so all stays on the first one's platform.
        return [(first["platform"], event) for event in said]

    def _payment(self, paid: dict[str, Any]) -> dict[str, Any]:
        currency = self.currency if paid["foreign"] else "MAD"
        said = {"worker": self.prefix + paid["worker"], "gross": paid["gross"]}
        at = {"currency": currency, "paid_at": f"{paid['day']}T12:00:00Z"}
        return {**said, **at, "residence": paid["residence"]}

    def _act(self, act: tuple[Any, ...]) -> Said:
        match act:
            case ("assign", str(person), scheme):
                said: dict[str, Any] = {"scheme": scheme, "person": self.prefix + person}
                return "authority", self._event("scheme.assigned", said | {"day_from": DAYS[0]})
            case ("assign", (platform, worker), scheme):
                said = {"scheme": scheme, "platform": platform, "worker": self.prefix + worker}
                return "authority", self._event("scheme.assigned", said | {"day_from": DAYS[0]})
        kind, (platform, worker), person = act
        said = {"platform": platform, "worker": self.prefix + worker}
        return "authority", self._event(
            f"identity.{kind}ed", said | {"person": self.prefix + person}
        )

    def _rate(self, day: str) -> Said:
        said = {"base": self.currency, "quote": "MAD", "day": day, "rate": RATE}
        return "authority", self._event("rate.published", said)

    # --- what must stand posted -------------------------------------------------------------

    def due(self) -> dict[Key, int]:
        """By the oracle, from what is said last of each payment, worker and person."""
        persons = self._persons()
        months: dict[tuple[Any, ...], list[Paid]] = defaultdict(list)
        for paid in self._standing():
            cell = paid.platform, paid.worker
            scheme = self._scheme(cell, persons.get(cell))
            owner = (persons[cell],) if cell in persons else cell
            months[owner, str(paid.day)[:7], scheme].append(paid)
        found: dict[Key, int] = {}
        for (_, month, scheme), rows in months.items():
            cells = {(one.platform, one.worker) for one in rows}
            # Of a person, one assigned pseudonym takes the month out of suspense.
            stated = any(self._scheme(cell, persons.get(cell), "") for cell in cells)
            found |= self._owed(scheme, month, rows, default=not stated)
        return {key: amount for key, amount in found.items() if amount}

    def _standing(self) -> list[Paid]:
        last = [(p, [p, *corrections][-1]) for p, corrections in self.paid]
        return [
            Paid(
                first["platform"],
                self.prefix + one["worker"],
                date.fromisoformat(one["day"]),
                self.currency if one["foreign"] else "MAD",
                one["residence"] or "",
                to_micros(one["gross"]),
            )
            for first, one in last
            if one is not None
        ]

    def _persons(self) -> dict[tuple[str, str], str]:
        persons: dict[tuple[str, str], str] = {}
        for kind, who, person in self.acts:
            if kind == "assign":
                continue
            cell = who[0], self.prefix + who[1]
            if kind == "link":
                persons.setdefault(cell, person)
            elif persons.get(cell) == person:
                del persons[cell]
        return persons

    def _scheme(self, cell: tuple[str, str], person: str | None, default: str = "cnss") -> str:
        found = default
        for kind, who, scheme in self.acts:
            hers = who == person if isinstance(who, str) else (who[0], self.prefix + who[1]) == cell
            if kind == "assign" and hers:
                found = scheme
        return found

    def _owed(
        self, scheme: str, month: str, rows: Sequence[Paid], *, default: bool
    ) -> dict[Key, int]:
        rates = {self.currency: Fraction(RATE)}
        found = due(morocco(), scheme, rows, rates)
        balances: dict[Key, int] = defaultdict(int)
        left: dict[tuple[str, str, str], int] = defaultdict(int)
        folder, first = scheme.replace("-", "_"), date.fromisoformat(f"{month}-01")
        withheld = morocco().at(f"schemes.{folder}.collection", first).value
        hers = "worker.withheld" if withheld == "withheld-by-platform" else "worker.payable"
        for part, amount in found.owed.items():
            owed = "suspense.receivable" if default else "fund.receivable"
            balances[Key(scheme, owed, *part, month)] += int(amount * MICRO)
            left[part] += int(amount * MICRO)
        for (branch, payer, platform, worker), amount in found.shares.items():
            account = "platform.payable" if payer == "platform" else hers
            balances[Key(scheme, account, branch, platform, worker, month)] -= int(amount * MICRO)
            left[branch, platform, worker] -= int(amount * MICRO)
        for part, amount in left.items():
            balances[Key(scheme, "rounding", *part, month)] -= amount
        return balances


def woven(tracks: Sequence[list[Said]], order: Sequence[int]) -> list[Said]:
    """All events, each track in its own order, the tracks woven as `order` says."""
    left = [list(track) for track in tracks]
    said = [left[which % len(left)].pop(0) for which in order if left[which % len(left)]]
    return said + [one for track in left for one in track]


async def tell(books: Books, said: Sequence[Said]) -> None:
    """Push events as their emitters, in their order, one submission for each run of one emitter."""
    speakers = {"alpha": books.world.alpha, "beta": books.beta, "authority": books.world.authority}
    start = 0
    for end in range(1, len(said) + 1):
        if end == len(said) or said[end][0] != said[start][0]:
            emitter = said[start][0]
            events = [{**event, "source": f"/emitters/{emitter}"} for _, event in said[start:end]]
            await books.world.push(speakers[emitter], events)
            # The next emitter's are behind these in the log.
            await books.world.sequence()
            start = end
    await books.settle()
