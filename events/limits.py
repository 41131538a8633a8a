"""Every limit of the door, named once, with its unit. OpenAPI and the docs print these."""

from datetime import UTC, datetime, timedelta

#: Events in one submission.
EVENTS_MIN, EVENTS_MAX = 1, 1_000
#: Bytes of one submission's body.
BODY_BYTES_MAX = 4 * 1024 * 1024
#: Levels of arrays and objects in one event, unknown fields included.
JSON_DEPTH_MAX = 64
#: Characters of the `Submission-Signature` header; keeps a leaf under 1 kB.
TOKEN_CHARS_MAX = 560
#: Bytes of one leaf.
LEAF_BYTES_MAX = 1_000
#: Characters of an emitter's id (`iss`).
EMITTER_CHARS_MAX = 32
#: Faults named in one 422 answer.
FAULTS_MAX = 100
#: How far a submission's `iat` or an event's time may be ahead of the registry's clock.
CLOCK_AHEAD_MAX = timedelta(minutes=5)
#: No event is older than this.
TIME_MIN = datetime(2000, 1, 1, tzinfo=UTC)
#: Units of a currency in one amount, and decimals it may carry (micro-units).
AMOUNT_UNITS_MAX, AMOUNT_DECIMALS_MAX = 10**9, 6
#: Seconds in one event: one leap year.
SECONDS_MAX = 366 * 86_400
#: Seconds for which `Prefer: wait=N` is honoured at most.
WAIT_SECONDS_MAX = 30
#: Seconds a body may take to arrive.
BODY_SECONDS_MAX = 20
#: Per emitter, sustained: requests and body bytes a second; bursts may be this many seconds' worth.
EMITTER_REQUESTS_PER_SECOND = 500
EMITTER_BYTES_PER_SECOND = 64 * 1024 * 1024
EMITTER_BURST_SECONDS = 4
#: Bytes of bodies one door process holds before it answers 503.
BYTES_IN_FLIGHT_MAX = 64 * 1024 * 1024
#: Seconds an emitter's own access token may live.
ACCESS_SECONDS_MAX = 300
#: Partitions of the intake; never changes in the life of a log.
INTAKE_PARTITIONS = 12
