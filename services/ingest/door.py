"""The door: judges what it can judge alone, keeps the exact bytes, answers (RULES 1).

`Door.submit` is read from top to bottom in the order of the checks. Once appended, nothing is
refused; an append that failed has an unknown outcome and is answered 503, to be sent again.
"""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import asyncpg
import structlog

from events.clock import Clock
from events.errors import Fatal, Reason, Refused
from events.jose import PrivateKey
from events.keys import Key, KeyRing
from events.leaf import utc_text
from events.limits import CLOCK_AHEAD_MAX
from events.log.looking import look_ups
from events.log.protocol import Arrival, Indexed, Intake, LeafRecord, Stands, Stood, in_the_way
from events.receipt import Acknowledgement, Receipt, RegistryKeys
from events.submission import Speaker, read_submission
from events.token import Token, parse_token
from services.ingest.rates import EmitterRates
from services.ingest.waiting import LeafWaiters

_log = structlog.get_logger()
_Answer = TypeVar("_Answer")
#: Seconds an append may take before the answer is "unknown".
APPEND_SECONDS_MAX = 10.0
#: Seconds in which the log must answer a question.
ANSWER_SECONDS_MAX = 5.0
#: Seconds between reloads of the keys; an unknown kid asks for one at once.
KEYS_SECONDS, KEYS_SECONDS_MIN = 1.0, 0.1
#: What the log raises when it cannot be reached or refuses: the outcome of an append is unknown.
LOG_ERRORS = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


class Unavailable(Exception):
    """The log cannot be reached, or the outcome of an append is unknown."""


class NotConfirmed(Unavailable):
    """An append failed or took too long: the bytes may be kept, or not."""


class TooMany(Exception):
    """The emitter sends too much; `seconds` to wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"wait {seconds:.1f} s")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the door answers: an acknowledgement (202), or a receipt of old (200) or new (201)."""

    document: Acknowledgement | Receipt
    repeat: bool
    events: int


class Door:
    """One door process over one log."""

    def __init__(
        self,
        intake: Intake,
        keys: RegistryKeys,
        clock: Clock,
        rates: EmitterRates | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._intake = intake
        self._keys = keys
        self._clock = clock
        self._rates = rates or EmitterRates()
        self._monotonic = monotonic
        self._waiters = LeafWaiters(intake, self._note_covered)
        self._look_ups = look_ups(lambda ids: _answered(intake.look_up(ids)))
        self._ring = KeyRing()
        self._ring_at = -1e9
        # The leaf of the last act that the ring holds.
        self._last_act: int | None = None
        # The highest leaf seen, and the highest whose acts the ring surely holds.
        self._seen = self._covered = -1
        self._loading = asyncio.Lock()

    async def submit(self, token_text: str, body: bytes, *, wait: float) -> Accepted:
        """Check, keep, answer. Raises `Refused`, `TooMany` or `Unavailable`."""
        now = self._clock()
        token, digest = await self._identify(token_text, body, now)
        header = token.header
        try:
            events = self._judge(token, body, now)
        except Refused:
            # What stands already was good when it came, whatever is said of it now.
            if standing := await self._standing(token, digest):
                return await self._repeat(standing)
            raise
        arrival = Arrival(
            emitter=header.iss,
            submission=header.jti,
            body_sha256=digest,
            token=token.text,
            events=events,
            received_at=utc_text(now),
            body=body,
        )
        # A door that cannot sign takes nothing.
        with _signing():
            key = self._keys.newest(self._ring)
        if standing := await self._append(arrival):
            return await self._repeat(standing)
        # From here on the bytes are durable: whatever fails below, the platform gets at least the
        # acknowledgement or, if this process dies first, sends again and is told the same.
        if wait > 0:
            found = await self._waiters.wait((header.iss, header.jti, digest), wait)
            if found is not None:
                with contextlib.suppress(Unavailable):
                    return Accepted(await self._receipt(found), repeat=False, events=events)
        return Accepted(self._acknowledge(key, arrival), repeat=False, events=events)

    async def _repeat(self, standing: Indexed) -> Accepted:
        record = await self._leaf(standing.leaf_index)
        return Accepted(await self._receipt(record), repeat=True, events=0)

    async def validate(self, token_text: str, body: bytes) -> tuple[int, Indexed | None]:
        """The same checks, nothing kept: how many events, and what stands under the id already."""
        now = self._clock()
        token, digest = await self._identify(token_text, body, now)
        standing = await self._standing(token, digest)
        return (0 if standing else self._judge(token, body, now)), standing

    def stop_waiting(self) -> None:
        """Answer those who wait for a leaf with their acknowledgement: this process ends."""
        self._waiters.stop()

    async def refresh_keys(self, older_than: float = KEYS_SECONDS_MIN) -> None:
        """Read the keys anew unless that was done in the last seconds. Raises `LOG_ERRORS`."""
        async with self._loading:
            if self._monotonic() - self._ring_at >= older_than:
                await self._load_keys()

    async def _renew_keys(self) -> None:
        """Read the keys as they stand from now on: one may have been added a moment ago.

        However many ask for unknown keys, the log is asked once in `KEYS_SECONDS_MIN`.
        """
        asked = self._monotonic()
        await asyncio.sleep(max(0.0, KEYS_SECONDS_MIN - (asked - self._ring_at)))
        async with self._loading:
            if self._ring_at < asked:
                await self._load_keys()

    async def _load_keys(self) -> None:
        seen, began = self._seen, self._monotonic()
        last_act = await _answered(self._intake.last_act())
        if last_act != self._last_act:
            ring = await _answered(self._intake.key_ring())
            ring.keep_verifiers(self._ring)
            self._ring, self._last_act = ring, last_act
        self._ring_at, self._covered = began, seen

    @property
    def keys_age(self) -> float:
        """Seconds since the keys were last read: the door is ready while this is small."""
        return self._monotonic() - self._ring_at

    @property
    def waiting_bytes(self) -> int:
        """Bytes of bodies that the log has not confirmed yet."""
        return self._intake.waiting_bytes

    # --- the checks, in order -----------------------------------------------------------

    async def _identify(self, text: str, body: bytes, now: datetime) -> tuple[Token, bytes]:
        """Form, signature, rate; the token and the body's digest."""
        token = parse_token(text)
        await self._verify(token, body, now)
        seconds = self._rates.wait(token.header.iss, len(body), self._monotonic())
        if seconds > 0:
            raise TooMany(seconds)
        return token, hashlib.sha256(body).digest()

    async def _verify(self, token: Token, body: bytes, now: datetime) -> None:
        header = token.header
        if header.iat > (now + CLOCK_AHEAD_MAX).timestamp():
            raise Refused(
                Reason.CLOCK_AHEAD,
                f"iat {header.iat} is more than {CLOCK_AHEAD_MAX.seconds} s ahead of the "
                f"registry's time {utc_text(now)}: set the signing machine's clock",
            )
        key = await self._key(header.kid)
        if key is None or key.emitter != header.iss:
            raise Refused(
                Reason.UNKNOWN_KEY, f"kid {header.kid} is not a key of emitter {header.iss}"
            )
        verifier = self._ring.verifier(header.kid)
        if not verifier.verify(header.alg, token.signature, token.signing_input(body)):
            raise Refused(
                Reason.BAD_SIGNATURE,
                "the signature does not fit these bytes: sign exactly the bytes that are sent",
            )

    async def _key(self, kid: str) -> Key | None:
        found = self._known(kid)
        if found is None:
            with _reaching():
                # Others may be reading them already: their time counts too.
                async with asyncio.timeout(ANSWER_SECONDS_MAX):
                    await self._renew_keys()
            found = self._known(kid)
        return found

    def _known(self, kid: str) -> Key | None:
        """A key whose emitter is known too: a registration may commit between their two queries."""
        key = self._ring.keys.get(kid)
        return key if key is not None and key.emitter in self._ring.emitters else None

    async def _standing(self, token: Token, digest: bytes) -> Indexed | None:
        """What the index says of a repeat; refuses other content under an id that counts."""
        header = token.header
        with _reaching():
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                found = await self._look_ups.ask((header.iss, header.jti))
        standing = in_the_way(found, digest)
        return _repeated(standing, digest) if standing else None

    def _judge(self, token: Token, body: bytes, now: datetime) -> int:
        """Revocation, then schema; how many events."""
        header = token.header
        key, emitter = self._ring.keys[header.kid], self._ring.emitters[header.iss]
        if key.revoked_leaf is not None:
            raise Refused(
                Reason.REVOKED_KEY, f"key {key.kid} was revoked by leaf {key.revoked_leaf}"
            )
        speaker = Speaker(emitter.emitter, emitter.kind, frozenset(emitter.schemes))
        return len(read_submission(body, speaker, now))

    # --- keeping and answering ------------------------------------------------------------

    async def _append(self, arrival: Arrival) -> Indexed | None:
        """Keep it, or give what it repeats; refuses other content under an id that counts."""
        try:
            async with asyncio.timeout(APPEND_SECONDS_MAX):
                await self._intake.append(arrival)
        except Stands as stands:
            return _repeated(stands.found, arrival.body_sha256)
        except LOG_ERRORS as error:
            _log.warning(
                "append failed",
                emitter=arrival.emitter,
                submission=arrival.submission,
                error=str(error) or type(error).__name__,
            )
            raise NotConfirmed(
                "the log did not confirm in time: send the same bytes again under the same id"
            ) from error
        return None

    async def _leaf(self, index: int) -> LeafRecord:
        with _reaching():
            found = await _answered(self._intake.leaves_at([index]))
            if not found:
                raise Fatal(f"the index knows leaf {index}, and the log does not hold it")
            return found[0]

    async def _receipt(self, record: LeafRecord) -> Receipt:
        with _reaching():
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                await self._cover(record.index)
        with _signing():
            return self._keys.receipt(self._ring, record.index, record.leaf)

    async def _cover(self, leaf_index: int) -> None:
        """Know every act up to a leaf: its receipt is signed under the key in force there.

        A ring of a second ago may lack a new registry key, and the receipt would be another one
        later. Those who wait here together share one reading.
        """
        self._seen = max(self._seen, leaf_index)
        if self._covered < leaf_index:
            # Those who were woken together say first which leaves they saw.
            await asyncio.sleep(0)
            async with self._loading:
                if self._covered < leaf_index:
                    await self._load_keys()

    def _note_covered(self, stood: Stood) -> None:
        """The ring holds every act up to these leaves if it holds the last one."""
        if stood.leaves and stood.last_act == self._last_act:
            highest = max(record.index for record in stood.leaves.values())
            self._covered = max(self._covered, highest)

    def _acknowledge(self, key: PrivateKey, arrival: Arrival) -> Acknowledgement:
        return self._keys.acknowledge(
            key,
            emitter=arrival.emitter,
            submission=arrival.submission,
            body_sha256=arrival.body_sha256.hex(),
            received_at=arrival.received_at,
        )


def _repeated(standing: Sequence[Indexed], digest: bytes) -> Indexed:
    """The entry of the same body; raises `Refused` if there is only one of another."""
    for one in standing:
        if one.body_sha256 == digest:
            return one
    other = standing[0]
    raise Refused(
        Reason.CONFLICT,
        f"submission {other.submission} stands with SHA-256 {other.body_sha256.hex()}, "
        f"this body has {digest.hex()}: send other content under another id",
    )


async def _answered(asked: Coroutine[Any, Any, _Answer]) -> _Answer:
    """The log's answer, or TimeoutError after `ANSWER_SECONDS_MAX`.

    A driver may wait for a frozen server even while it is being cancelled, so nobody waits for it.
    """
    asking = asyncio.ensure_future(asked)
    try:
        await asyncio.wait({asking}, timeout=ANSWER_SECONDS_MAX)
        if not asking.done():
            raise TimeoutError("the log does not answer")
        return asking.result()
    finally:
        asking.cancel()


@contextlib.contextmanager
def _reaching() -> Iterator[None]:
    try:
        yield
    except LOG_ERRORS as error:
        raise Unavailable("the log cannot be reached") from error
    except Fatal as fatal:
        # A leaf that is not where the index says: a matter for the operator, not for the sender.
        _log.error("the log is not as it must be", alarm=str(fatal))
        raise Unavailable("the log cannot be read") from fatal


@contextlib.contextmanager
def _signing() -> Iterator[None]:
    """A registry key that is not here yet, or no longer, is a matter of waiting, not a fault."""
    try:
        yield
    except LookupError as error:
        _log.error("cannot sign", error=str(error))
        raise Unavailable(str(error)) from error
