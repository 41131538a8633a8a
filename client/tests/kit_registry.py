"""A registry in memory behind `httpx.MockTransport`, with faults on command.

It checks signatures with joserfc, an implementation that is not the kit's, and judges events as
RULES 2.1 and 3.2 say: identity is (id, digest), an event id counts once.
"""

import hashlib
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OKPKey
from sijill_client.keys import PlatformKey, public_jwk

#: A fault takes the request and the honest answer, and gives (or raises) what the client meets.
Fault = Callable[[httpx.Request, Callable[[], httpx.Response]], httpx.Response]
ALGORITHMS = ["Ed25519", "ES256"]
#: `iss`, `jti` and `iat` are no header parameters of RFC 7515, so the strict check is off.
CHECKS = jws.JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)


def public_key(key: PlatformKey) -> OKPKey | ECKey:
    jwk = public_jwk(key.private)
    return OKPKey.import_key(jwk) if jwk["kty"] == "OKP" else ECKey.import_key(jwk)


def lost_answer(request: httpx.Request, honest: Callable[[], httpx.Response]) -> httpx.Response:
    """The registry takes the submission, the connection breaks before the answer."""
    honest()
    raise httpx.ReadError("connection reset", request=request)


def lost_request(request: httpx.Request, honest: Callable[[], httpx.Response]) -> httpx.Response:
    raise httpx.ConnectError("no route", request=request)


def answering(status: int, headers: dict[str, str] | None = None, **problem: Any) -> Fault:
    """A fault that answers with this status and problem document instead."""

    def fault(request: httpx.Request, honest: Callable[[], httpx.Response]) -> httpx.Response:
        kind = {"Content-Type": "application/problem+json"} | (headers or {})
        return httpx.Response(status, content=json.dumps(problem), headers=kind)

    return fault


@dataclass
class FakeRegistry:
    key: PlatformKey
    now: datetime
    #: Faults of the next submissions, in order; honest when there are none.
    faults: deque[Fault] = field(default_factory=deque)
    #: The same for the next looks at which registry this is.
    registry_faults: deque[Fault] = field(default_factory=deque)
    #: The same for the next reports.
    report_faults: deque[Fault] = field(default_factory=deque)
    #: (jti, digest) to leaf index, in the order of the leaves.
    leaves: dict[tuple[str, str], int] = field(default_factory=dict)
    bodies: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    #: Event id to its content: counted once.
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    anomalies: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    posts: list[httpx.Request] = field(default_factory=list)
    #: How many answers of each submission are 202 before its receipt.
    slow: int = 0
    #: How often a report says that the views have not read the leaf.
    unfolded: int = 0

    def client(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self._answer))

    def async_client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/registry":
            status = {"identity": self.key.registry, "time": self.now.isoformat()}
            return _meet(self.registry_faults, request, lambda: httpx.Response(200, json=status))
        if request.url.path == "/v1/submissions":
            self.posts.append(request)
            return _meet(self.faults, request, lambda: self._submission(request))
        return _meet(self.report_faults, request, lambda: self._report(request))

    def _submission(self, request: httpx.Request) -> httpx.Response:
        body = request.content
        token = request.headers["Submission-Signature"].encode()
        checked = jws.deserialize_compact(
            token, public_key(self.key), payload=body, registry=CHECKS
        )
        header = checked.headers()
        if header["iat"] > (self.now + timedelta(minutes=5)).timestamp():
            return answering(401, title="iat is in the future")(request, None)  # type: ignore[arg-type]
        identity = header["jti"], hashlib.sha256(body).hexdigest()
        known = identity in self.leaves
        if not known:
            self._count(identity, json.loads(body))
        if self.slow:
            self.slow -= 1
            return httpx.Response(202, json={"acknowledgement": "signed"})
        receipt = {"receipt": "signed", "outcome": "counted", "leaf_index": self.leaves[identity]}
        return httpx.Response(200 if known else 201, json=receipt)

    def _count(self, identity: tuple[str, str], events: list[dict[str, Any]]) -> None:
        self.leaves[identity] = len(self.leaves)
        jti = identity[0]
        self.bodies[jti] = events
        self.anomalies[jti] = []
        counts = self.counts[jti] = dict.fromkeys(
            ("accepted", "repeated", "anomalous", "not_counted"), 0
        )
        for number, event in enumerate(events):
            first = self.events.setdefault(event["id"], event)
            if first is event:
                counts["accepted"] += 1
            elif first == event:
                counts["repeated"] += 1
            else:
                counts["not_counted"] += 1
                self.anomalies[jti].append(_reused(number, event))

    def _report(self, request: httpx.Request) -> httpx.Response:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        claims = jwt.decode(token, public_key(self.key), algorithms=ALGORITHMS).claims
        assert claims["aud"] == self.key.registry
        assert claims["exp"] - claims["iat"] <= 300
        folded, self.unfolded = self.unfolded == 0, max(0, self.unfolded - 1)
        jti = request.url.path.rsplit("/", 1)[1]
        report = {
            "emitter": self.key.emitter,
            "submission": jti,
            "folded": folded,
            "outcome": "counted",
            "code": 0,
            "counts": self.counts[jti],
            "anomalies": self.anomalies[jti],
            "anomalies_total": len(self.anomalies[jti]),
        }
        return httpx.Response(200, json=report)


def _meet(
    faults: deque[Fault], request: httpx.Request, honest: Callable[[], httpx.Response]
) -> httpx.Response:
    return faults.popleft()(request, honest) if faults else honest()


def _reused(number: int, event: dict[str, Any]) -> dict[str, Any]:
    return {
        "event_number": number,
        "event_id": event["id"],
        "rule": "event-id-reused",
        "pointer": "",
        "text": "the id stands with other content; the first stands",
        "remedy": "send a correction",
    }
