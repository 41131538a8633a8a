"""Why an entry stands, in lines of text. Pure: the API's document in, lines out."""

from collections.abc import Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]


def why_lines(why: Json) -> Iterator[str]:
    """From the entry to the sums of pay and the values that its assessment rests on."""
    yield from _posting(why)
    if why["share"] is not None:
        yield f"  assessed: {_share(why['share'])}"
    if why["assessment"] is not None:
        yield from _assessment(why)
    if why["elsewhere"]:
        yield (
            "  some of the cause is pay under other pseudonyms of the same person; they are shown"
            " to who may know them"
        )
    for act in why["acts"]:
        about = "" if act["original"] is None else f", of event {act['original']}"
        yield f"  decided meanwhile: {act['type']}{about}, event {act['event_number']}"


def _posting(why: Json) -> Iterator[str]:
    entry, policy = why["entry"], why["policy"]
    yield f"entry {entry['scheme']}/{entry['number']}: {_moved(entry)}"
    about = f", about {entry['about']}" if entry["about"] else ""
    if entry["platform"]:
        yield f"  worker {entry['platform']}/{entry['worker']}, period {entry['period']}{about}"
    if entry["person"]:
        yield f"  assessed together with the other pseudonyms of person {entry['person']}"
    posted = f"event {why['event_number']} of leaf {why['leaf_index']} ({why['submission']})"
    yield f"  posted by {posted}, hash {why['leaf_hash']}"
    earlier = entry["previous_basis"]
    before = "for the first time" if earlier is None else f"before that at {earlier}"
    yield f"  assessed at position {entry['basis']}, {before}"
    if policy is not None:
        adopted = f"{policy['country']}, adopted by leaf {policy['adopted_leaf']}"
        yield f"  policy {policy['digest']} of {adopted}"


def _moved(entry: Json) -> str:
    if entry["currency"] is None:
        return f"{entry['account']}: the number that closing {entry['period']} took"
    side = "debit" if entry["debit"] is not None else "credit"
    branch = f" {entry['branch']}" if entry["branch"] else ""
    return f"{entry['account']}{branch} {side} {entry[side]} {entry['currency']}"


def _share(share: Json) -> str:
    whose = share["payer"] or "whole"
    of = "by the band of" if share["percent"] is None else f"{share['percent']} % of"
    exact = f"exactly {share['exact']} micro-units"
    return f"{share['branch']} ({whose}) {of} {share['base']} = {share['amount']}, {exact}"


def _assessment(why: Json) -> Iterator[str]:
    dues, share = why["assessment"], why["share"]
    standing = "in suspense, by the policy's default" if dues["suspense"] else "assigned"
    yield f"  scheme {dues['scheme']}, {standing}: {dues['owed']} {dues['currency']} owed in all"
    for one in why["sums"]:
        yield f"  pay {one['day']} {one['platform']}/{one['worker']}: {_paid(one)}"
    for one in dues["rates"]:
        rate = f"1 {one['currency']} = {one['rate']} {dues['currency']}"
        yield f"  exchange rate {one['day']}: {rate}, dated {one['dated']}"
    own = None if share is None else {*share["rests_on"]}
    for value in dues["values"]:
        if own is None or value["parameter"] in own or value["parameter"].startswith("exchange"):
            yield f"  {_value(value)}"


def _paid(one: Json) -> str:
    residence = one["residence"] or "residence unstated"
    return f"{one['gross']} {one['currency']} ({residence})"


def _value(value: Json) -> str:
    said = value["value"]
    if isinstance(said, Mapping):
        said = ", ".join(f"{amount} from {threshold}" for threshold, amount in said.items())
    since = f" since {value['since']}" if value["since"] else ""
    mark = " [assumed]" if value["mark"] == "assumed" else ""
    source = "; ".join(text for text in (value["title"], value["reference"]) if text)
    return f"{value['parameter']} = {said}{since}{mark}: {source}"


def cause_lines(page: Json) -> Iterator[str]:
    """One page of payments."""
    for cause in page["causes"]:
        new = "new since" if cause["since_previous"] else "known before"
        paid = f"{cause['amount']} {cause['currency']} on {cause['day']}"
        whose = f"{cause['platform']}/{cause['worker']}"
        signed = f"signed in {cause['submission']}, leaf {cause['leaf_index']}"
        event = f"event {cause['event_number']} ({cause['type']})"
        yield f"  {event}: {paid} to {whose}, {new}, {signed}"
