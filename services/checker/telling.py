"""What an event says that is no sum: whose it is about, what is missing in it (RULES 3, 4)."""

from collections.abc import Callable, Iterator

from services.checker.reading import Object

#: What a written contract must state by law.
LEGAL_TERMS = (
    "task_group",
    "unit_pay",
    "total_rule",
    "final_client",
    "max_duration_seconds",
    "recourse",
    "processing_platform",
    "data_purpose",
)
CONTRACTS = frozenset({"contract.published.v1", "contract.amended.v1"})
RATE = "rate.published.v1"
CANCELLED, REPLACED = "correction.cancelled.v1", "correction.replaced.v1"
#: Key, policy, ledger and closing acts cannot be corrected (RULES 4), nor what founds an emitter.
FINAL = frozenset(
    f"{name}.v1"
    for name in (
        "authority.established",
        "platform.registered",
        "platform.renamed",
        "platform.succeeded",
        "platform.observed",
        "fund.registered",
        "key.added",
        "key.revoked",
        "policy.adopted",
        "ledger.posted",
        "period.closed",
        "submission.quarantined",
    )
)


def rate_key(data: Object) -> str:
    """One rate stands for a base, a quote and a day."""
    return f"{data['base']}/{data['quote']}/{data['day']}"


def subject_of(event_type: str, data: Object) -> str | None:
    """What a told event is about; None for an event that is not told."""
    family, _, _ = event_type.partition(".")
    named = _BY_TYPE.get(event_type) or _BY_FAMILY.get(family)
    return None if named is None else named(data)


def _member(name: str) -> Callable[[Object], str]:
    return lambda data: str(data[name])


_BY_TYPE: dict[str, Callable[[Object], str]] = {
    "key.revoked.v1": _member("kid"),
    "platform.observed.v1": _member("name"),
    RATE: rate_key,
}
_BY_FAMILY: dict[str, Callable[[Object], str]] = {
    "contract": _member("contract"),
    "dispute": _member("dispute"),
    "review": _member("client"),
    "account": _member("worker"),
    "day": _member("day"),
    "authority": lambda data: "authority",
    "platform": _member("emitter"),
    "fund": _member("emitter"),
    "key": _member("emitter"),
    "policy": _member("country"),
    "identity": _member("person"),
    "scheme": _member("scheme"),
    "ledger": _member("scheme"),
    "period": _member("scheme"),
    "remittance": _member("scheme"),
    "submission": _member("leaf_index"),
    "correction": _member("event"),
}


def missing_terms(event_type: str, data: Object) -> Iterator[str]:
    """The legal terms that a contract lacks."""
    if event_type in CONTRACTS:
        yield from (term for term in LEGAL_TERMS if data.get(term) is None)
