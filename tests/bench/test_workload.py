"""The workload: the same for one seed, of the shares it promises, taken by the door."""

from collections import Counter
from datetime import UTC, datetime, time

from deploy.bench.workload import DAYS, EVENTS_A_SUBMISSION, PLATFORMS, Signed, Totals, Workload
from events import vocabulary as v
from events.money import to_micros
from events.submission import Speaker, decode_events, read_submission
from events.vocabulary import EmitterKind, Event

_SUBMISSIONS = 30


def _made(seed: int = 1) -> tuple[Workload, list[Signed]]:
    workload = Workload(_SUBMISSIONS, seed)
    return workload, list(workload.submissions())


def _events(signed: list[Signed]) -> list[Event]:
    return [event for one in signed for event in decode_events(one.body)]


def test_one_seed_gives_the_same_bodies_and_another_gives_others() -> None:
    bodies = [one.body for one in _made()[1]]
    assert bodies == [one.body for one in _made()[1]]
    assert not set(bodies) & {one.body for one in _made(2)[1]}


def test_the_door_takes_every_submission_on_its_day() -> None:
    workload, signed = _made()
    for one in signed:
        now = datetime.combine(workload.day_of(one.day), time(21), UTC)
        read_submission(one.body, Speaker(one.emitter, EmitterKind.PLATFORM), now)
    assert [one.day for one in signed] == list(range(DAYS))
    assert {one.emitter for one in signed} == set(PLATFORMS)


def test_events_have_the_shares_that_are_promised_and_ids_of_their_own() -> None:
    events = _events(_made()[1])
    assert len(events) == _SUBMISSIONS * EVENTS_A_SUBMISSION
    assert len({(event.source, event.id) for event in events}) == len(events)
    shares = Counter(type(event) for event in events)
    for kind, share in ((v.TaskCompleted, 40), (v.TaskApproved, 35), (v.PaymentMade, 20)):
        assert abs(100 * shares[kind] / len(events) - share) < 1
    paid = [len(e.data.tasks or ()) for e in events if isinstance(e, v.PaymentMade)]
    assert (min(paid), max(paid)) == (1, 50)


def test_its_totals_are_those_of_its_events() -> None:
    workload, signed = _made()
    found = Totals()
    for event in _events(signed):
        found.events += 1
        match event:
            case v.TaskCompleted():
                found.worked += 1
                found.worked_seconds += event.data.seconds or 0
            case v.TaskApproved():
                found.earned += to_micros(event.data.amount or "0")
            case v.PaymentMade():
                found.paid += to_micros(event.data.gross)
    assert workload.totals == found
