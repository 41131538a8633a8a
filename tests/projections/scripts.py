"""Random histories of one emitter, for the naive model and the real views alike."""

from typing import Any

from hypothesis import strategies as st

Event = dict[str, Any]
Fields = dict[str, Any]

WORKERS = st.sampled_from(["w1", "w2", "w3"])
DAYS = st.integers(1, 3)
SECONDS = st.sampled_from([None, 0, 1, 60, 31_622_400])
AMOUNTS = st.sampled_from(["0", "0.000001", "0.05", "12.5", "1000000000"])
TYPES = st.sampled_from(
    [
        "task.completed",
        "task.approved",
        "task.returned",
        "task.aborted",
        "time.reported",
        "rejection.issued",
        "rejection.withdrawn",
        "payment.made",
        "payment.reversed",
    ]
)
FIELDS = st.fixed_dictionaries(
    {
        "worker": WORKERS,
        "day": DAYS,
        "seconds": SECONDS,
        "amount": st.none() | AMOUNTS,
        "currency": st.sampled_from(["MAD", "USD"]),
        "residence": st.sampled_from([None, "MA", "FR"]),
        "task_group": st.sampled_from([None, "surveys"]),
        "flag": st.booleans(),
        "sandbox": st.sampled_from([None, None, None, True]),
    }
)


def data_of(type_: str, fields: Fields) -> dict[str, Any]:
    """Data of an event of a type; what is None is left out."""
    noon = f"2026-01-0{fields['day']}T12:00:00Z"
    common = {name: fields[name] for name in ("worker", "residence", "sandbox")}
    money = {"amount": fields["amount"], "currency": fields["currency"]}
    if type_.startswith("payment."):
        gross = fields["amount"] or "1"
        net = gross if fields["flag"] else None
        said = {"gross": gross, "currency": fields["currency"], "net": net, "paid_at": noon}
    elif type_ == "time.reported":
        kind = "search" if fields["flag"] else "waiting"
        said = {"day": noon[:10], "kind": kind, "seconds": fields["seconds"] or 0}
    else:
        said = {name: fields[name] for name in ("seconds", "task_group")}
        said |= {"task": "t1", "submitted": noon}
        if type_ == "task.approved" and fields["amount"]:
            said |= money
        if type_.startswith("rejection."):
            said["pay_refused"] = fields["flag"]
            said["taken_back"] = money if fields["amount"] else None
    return {name: value for name, value in {**common, **said}.items() if value is not None}


def new_event(emitter: str, id: str, type_: str, data: dict[str, Any]) -> Event:
    """A CloudEvent."""
    return {
        "specversion": "1.0",
        "id": id,
        "source": f"/emitters/{emitter}",
        "type": f"{type_}.v1",
        "time": "2026-03-01T12:00:00Z",
        "data": data,
    }


NEW = st.tuples(st.just("new"), TYPES, FIELDS)
WHICH = st.integers(0, 30)
CANCEL = st.tuples(st.just("cancel"), WHICH)
REPLACE = st.tuples(st.just("replace"), WHICH, st.none() | TYPES, FIELDS)
AGAIN = st.tuples(st.just("again"), WHICH)
REUSE = st.tuples(st.just("reuse"), WHICH, TYPES, FIELDS)
BREAK = st.tuples(st.sampled_from(["submit", "fold", "day"]))
SCRIPTS = st.lists(
    st.one_of(NEW, NEW, CANCEL, CANCEL, REPLACE, REPLACE, AGAIN, REUSE, BREAK),
    min_size=5,
    max_size=40,
)


def event_of(emitter: str, step: tuple[Any, ...], said: list[Event]) -> Event:
    """The event of a step, in the light of the events said before it."""
    match step:
        case ("new", type_, fields):
            return new_event(emitter, f"e{len(said)}", type_, data_of(type_, fields))
        case ("again", which) if said:
            return said[which % len(said)]
        case ("reuse", which, type_, fields) if said:
            return new_event(emitter, said[which % len(said)]["id"], type_, data_of(type_, fields))
        case ("cancel", which):
            target = _target(which, said)
            return new_event(
                emitter, f"e{len(said)}", "correction.cancelled", {"event": target["id"]}
            )
        case ("replace", which, type_, fields):
            target = _target(which, said)
            kept = target["type"].removesuffix(".v1")
            into = type_ or (kept if not kept.startswith("correction.") else "task.completed")
            replacement = {"type": f"{into}.v1", "data": data_of(into, fields)}
            data = {"event": target["id"], "replacement": replacement}
            return new_event(emitter, f"e{len(said)}", "correction.replaced", data)
    return new_event(emitter, "nothing", "day.nil", {"day": "2026-01-01"})


def _target(which: int, said: list[Event]) -> Event:
    if which >= 29 or not said:
        return {"id": "never-said", "type": "task.completed.v1"}
    return said[which % len(said)]
