"""What anyone may read: the registry itself, its keys, and the schemas of the events."""

from datetime import datetime, timedelta

import msgspec
from fastapi import APIRouter, Request, Response

from events import limits
from events.days import tzdata_version
from events.leaf import utc_text
from events.schema import event_types, schema_of_batch, schema_of_type
from services.query_api.answers import KeyList, KeyRow, Registry, SchemaList
from services.query_api.formats import Answer, render
from services.query_api.openapi import TypeName, described
from services.query_api.parameters import read_query
from services.query_api.reading import state_of
from services.query_api.stored import last_index
from services.web.problems import Problem

router = APIRouter(tags=["public"])
_KEY_COLUMNS = ("kid", "emitter", "kind", "name", "added_leaf", "revoked_leaf")


@router.get("/v1/registry", **described(Registry, public=True))
async def registry(request: Request) -> Response:
    """Who keeps this register, its identity, time and position, and the limits of the door."""
    state = state_of(request)
    read_query(request, ())
    established, _ = await state.establishment()
    async with state.database.snapshot() as snapshot:
        position, tzdata = snapshot.position, snapshot.tzdata
    document = Registry(
        identity=state.identity,
        name=established.name,
        country=established.country,
        time_zone=established.time_zone,
        time=utc_text(state.clock()),
        position=position,
        log_position=await last_index(state.leaves),
        tzdata=tzdata or tzdata_version(),
        limits=stated_limits(),
    )
    return render(request, Answer(document, headers={"Registry-Position": str(position)}))


def stated_limits() -> dict[str, int | str]:
    """Every limit of `events.limits` by its name, durations in seconds."""
    stated = {name.lower(): _limit(value) for name, value in vars(limits).items() if name.isupper()}
    return {name: value for name, value in sorted(stated.items()) if value is not None}


def _limit(value: object) -> int | str | None:
    """A limit as JSON states it; None for what `events.limits` only imports."""
    if isinstance(value, timedelta):
        return int(value.total_seconds())
    if isinstance(value, datetime):
        return utc_text(value)
    return value if isinstance(value, int) else None


@router.get("/v1/keys", **described(KeyList, public=True, table=_KEY_COLUMNS))
async def keys(request: Request) -> Response:
    """Every public key that ever stood in the log; revoked ones still prove old signatures."""
    state = state_of(request)
    read_query(request, ())
    ring = await state.keys.ring()
    rows = [
        KeyRow(
            kid=key.kid,
            emitter=key.emitter,
            kind=ring.emitters[key.emitter].kind.value,
            name=ring.emitters[key.emitter].name,
            jwk=msgspec.to_builtins(key.jwk),
            added_leaf=key.added_leaf,
            revoked_leaf=key.revoked_leaf,
        )
        for key in sorted(ring.keys.values(), key=lambda key: (key.added_leaf, key.kid))
    ]
    position = str(await last_index(state.leaves))
    headers = {"Registry-Position": position}
    return render(request, Answer(KeyList(rows=rows), rows, _KEY_COLUMNS, headers=headers))


@router.get("/v1/schemas", **described(SchemaList, public=True, table=("type", "schema")))
async def schemas(request: Request) -> Response:
    """The event types, and where the schema of each is. `/v1/schemas/events` has them all."""
    read_query(request, ())
    rows = [{"type": name, "schema": f"/v1/schemas/{name}"} for name in event_types()]
    return render(request, Answer(SchemaList(rows=rows), rows, ("type", "schema")))


@router.get("/v1/schemas/{type}", **described(None, public=True))
async def schema(request: Request, type: TypeName) -> Response:
    """JSON Schema 2020-12 of one event type, or of all (`events`)."""
    read_query(request, ())
    if type == "events":
        return render(request, Answer(schema_of_batch()))
    if type not in event_types():
        raise Problem(404, "not-found", "no event type has this name: see /v1/schemas")
    return render(request, Answer(schema_of_type(type)))
