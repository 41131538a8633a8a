"""Leaves made by hand, with what a broken or dishonest writer could put into them."""

import json
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import pytest
from checker_world import START, Event, arrival, established, event, public, registered
from cryptography.hazmat.primitives.asymmetric import ec

from events.jose import PrivateKey, b64, unb64
from events.leaf import Leaf, LeafOutcome, encode_leaf, leaf_hash, utc_text
from events.log.protocol import Arrival, LeafRecord, Place
from events.token import sign_submission
from services.checker.chain import ReadLeaf
from services.checker.judgement import Examined, Judge, Stored
from services.checker.report import Finding, Report, render

NIL = event("day.nil", {"day": "2026-01-01"})


@dataclass
class Writer:
    """Appends leaves to a chain, the right way unless told otherwise."""

    judge: Judge = field(default_factory=Judge)
    keys: dict[str, PrivateKey] = field(default_factory=dict)
    index: int = 0
    next_event: int = 0
    previous: bytes = bytes(32)

    def write(self, emitter: str, *events: Event, **more: Any) -> Examined:
        """The leaf of a new submission, examined; `more` is what is wrong with the leaf."""
        key = more.pop("key", None) or self.keys[emitter]
        name = more.pop("submission", f"s{self.index}")
        return self.append(arrival(emitter, key, name, events, START), **more)

    def append(self, said: Arrival, **more: Any) -> Examined:
        leaf = Leaf(
            v=1,
            emitter=said.emitter,
            submission=said.submission,
            received_at=said.received_at,
            sequenced_at=utc_text(START),
            body_sha256=said.body_sha256.hex(),
            body_bytes=len(said.body),
            events=said.events,
            first_event=self.next_event,
            outcome=LeafOutcome.COUNTED,
            token=said.token,
        )
        encoded = encode_leaf(Leaf(**{**{k: getattr(leaf, k) for k in leaf.__struct_fields__},
                                      **more}))  # fmt: skip
        place = Place(0, self.index)
        record = LeafRecord(self.index, self.previous, encoded, place, (self.index + 1,))
        self.previous, self.index = leaf_hash(encoded), self.index + 1
        if more.get("outcome", LeafOutcome.COUNTED) is LeafOutcome.COUNTED:
            self.next_event += said.events
        return self.judge.examine(Stored(record, said))


@pytest.fixture
def writer() -> Writer:
    """After leaf 0, and leaf 1 that registers alpha and beta."""
    made = Writer()
    for name in ("authority", "registry", "alpha", "beta"):
        made.keys[name] = PrivateKey.generate()
    made.keys["beta"] = PrivateKey(ec.generate_private_key(ec.SECP256R1()))
    acts = [registered(name, made.keys[name]) for name in ("alpha", "beta")]
    for result in (made.write("authority", established(made.keys)), made.write("authority", *acts)):
        assert result.findings == []
    return made


def said(result: Examined) -> list[str]:
    return [finding.what for finding in result.findings]


def test_both_kinds_of_key_sign(writer: Writer) -> None:
    for name in ("alpha", "beta"):
        result = writer.write(name, NIL)
        assert result.findings == []
        assert result.counted is not None


def test_leaf_0_is_signed_by_the_key_it_names() -> None:
    writer = Writer()
    for name in ("authority", "registry"):
        writer.keys[name] = PrivateKey.generate()
    other = PrivateKey.generate()
    assert said(writer.write("authority", established(writer.keys), key=other)) == [
        "key of the signature"
    ]


def test_leaf_0_establishes_the_authority() -> None:
    writer = Writer(keys={"authority": PrivateKey.generate()})
    assert "first event" in said(writer.write("authority", NIL))


@pytest.mark.parametrize("key", ["beta", "nobody"])
def test_a_key_signs_for_its_own_emitter_only(writer: Writer, key: str) -> None:
    writer.keys["nobody"] = PrivateKey.generate()
    assert "key of the signature" in said(writer.write("alpha", NIL, key=writer.keys[key]))


def test_a_key_signs_after_the_leaf_that_adds_it_and_up_to_the_one_that_revokes_it(
    writer: Writer,
) -> None:
    key, new = writer.keys["authority"], PrivateKey.generate()
    add = event("key.added", {"emitter": "authority", "key": public(new)})
    assert "key of the signature" in said(writer.write("authority", add, key=new))
    assert writer.write("authority", add).findings == []
    assert writer.write("authority", event("key.revoked", {"kid": key.kid})).findings == []
    late = event("platform.observed", {"name": "Ghost"})
    assert said(writer.write("authority", late)) == ["outcome"]
    refused = {"outcome": LeafOutcome.KEY_REVOKED, "first_event": None}
    assert writer.write("authority", late, **refused).findings == []
    assert writer.write("authority", late, key=new).findings == []


def test_a_second_body_under_one_id_is_a_conflict_and_the_same_body_has_no_second_leaf(
    writer: Writer,
) -> None:
    first = arrival("alpha", writer.keys["alpha"], "one", [NIL], START)
    assert writer.append(first).findings == []
    other = event("day.nil", {"day": "2026-01-02"})
    assert said(writer.write("alpha", other, submission="one")) == ["outcome"]
    twice = {"outcome": LeafOutcome.CONFLICT, "first_event": None}
    assert "leaf for this emitter, id and body" in said(writer.append(first, **twice))


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"first_event": 9}, "first_event"),
        ({"first_event": None}, "first_event"),
        ({"events": 2}, "events in the body"),
        ({"body_bytes": 1}, "length of the body"),
        ({"submission": "other"}, "jti of the token"),
        ({"emitter": "beta"}, "iss of the token"),
        ({"received_at": "2026-03-02T10:00:01.000000Z"}, "received_at beside the body"),
        ({"sequenced_at": "2026-03-02T09:59:59.000000Z"}, "sequenced_at goes back"),
        ({"sequenced_at": "2026-03-02T10:00:00Z"}, "leaf bytes"),
        ({"v": 2}, "leaf bytes"),
        ({"token": "x"}, "token"),
    ],
)
def test_a_leaf_that_does_not_tell_the_truth(
    writer: Writer, wrong: dict[str, Any], what: str
) -> None:
    made = arrival("alpha", writer.keys["alpha"], "s", [NIL], START)
    assert what in said(writer.append(made, **wrong))


def test_events_are_from_who_signed_and_of_types_it_may_send(writer: Writer) -> None:
    foreign = {**NIL, "source": "/emitters/beta"}
    assert said(writer.write("alpha", foreign)) == ["source"]
    act = event("key.revoked", {"kid": "k"})
    assert said(writer.write("alpha", act)) == ["type"]
    assert said(writer.write("authority", {**NIL, "id": "x"})) == ["type"]


def test_names_that_stand_twice_are_noted_and_no_fault(writer: Writer) -> None:
    made = arrival("alpha", writer.keys["alpha"], "s", [NIL], START)
    source = b'{"source": "/emitters/alpha", "x": {"a": 1, "a": 2}, '
    body = made.body.replace(b'{"source": "/emitters/alpha", ', source)
    result = writer.append(resigned(made, body, writer.keys["alpha"]))
    assert result.findings == []
    assert result.notes == ["leaf 2: the name 'a' stands twice in an object of the body"]


@pytest.mark.parametrize("body", [b"{}", b"[1]", b"[NaN]", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_batch(writer: Writer, body: bytes) -> None:
    made = arrival("alpha", writer.keys["alpha"], "s", [NIL], START)
    assert "body" in said(writer.append(resigned(made, body, writer.keys["alpha"])))


def resigned(made: Arrival, body: bytes, key: PrivateKey) -> Arrival:
    """The same submission with other bytes, honestly signed."""
    again = arrival(made.emitter, key, made.submission, [NIL], START)
    token = sign_submission(key, emitter=made.emitter, submission=made.submission, at=1, body=body)
    return replace(again, body=body, body_sha256=sha256(body).digest(), token=token)


def test_the_text_of_a_report_leads_with_the_first_difference() -> None:
    finding = Finding("view fact, event_number 7", "column seconds", 60, 61)
    text = render(Report((finding,), ("a note",), 3, 9, 2, 1))
    assert text.splitlines() == [
        "Checked 3 leaves, 9 events, views at position 2, 1 acknowledged bodies waiting for a leaf:"
        " something does not hold.",
        "",
        "First difference: view fact, event_number 7",
        "  column seconds",
        "  expected: 60",
        "  found:    61",
        "note: a note",
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"sequenced_at": "2026-99-99T10:00:00.000000Z"},
        {"received_at": "2026-02-30T10:00:00.000000Z"},
        {"events": 2**60},
        {"v": 1.5},
    ],
)
def test_a_leaf_of_odd_values_is_told_and_does_not_stop_the_check(
    writer: Writer, fields: dict[str, Any]
) -> None:
    good = arrival("alpha", writer.keys["alpha"], "s", [NIL], START)
    assert said(writer.append(good, **fields)) == ["leaf bytes"]


def test_half_a_character_in_a_leaf_is_told_and_does_not_stop_the_check() -> None:
    members = dict.fromkeys(ReadLeaf._fields, "\ud800")
    encoded = json.dumps(members, separators=(",", ":")).encode()
    record = LeafRecord(0, bytes(32), encoded, Place(0, 0), (1,))
    assert said(Judge().examine(Stored(record, None))) == ["leaf bytes"]


def test_a_token_of_odd_values_is_told_and_does_not_stop_the_check(writer: Writer) -> None:
    good = arrival("alpha", writer.keys["alpha"], "s", [NIL], START)
    protected, _, signature = good.token.split(".")
    header = json.loads(unb64(protected)) | {"alg": ["EdDSA"]}
    token = f"{b64(json.dumps(header).encode())}..{signature}"
    assert "token" in said(writer.append(replace(good, token=token)))


@pytest.mark.parametrize("x", [5, None, ["a"], "\ud800"])
def test_a_key_of_odd_values_is_no_key(writer: Writer, x: Any) -> None:
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": x}
    result = writer.write("authority", event("key.added", {"emitter": "alpha", "key": jwk}))
    assert result.findings == []
    assert result.counted is not None
    assert result.counted.effects == [False]
