"""The policy and the rates that stand at the cut of an answer."""

import msgspec

from policies.exchange import DatedRate
from services.ledger.standing import Act, Adopted, standing_policy, standing_rates
from services.query_api.database import Row, Snapshot
from services.web.problems import Problem


async def policy_at(snapshot: Snapshot, country: str, position: int) -> Adopted:
    """The policy in force. Problem 404 if none was adopted up to the position."""
    rows = await snapshot.rows("policy_acts", country=country, position=position)
    adopted = standing_policy(map(_act, rows), country)
    if adopted is None:
        detail = f"no policy of {country} was adopted up to position {position}"
        raise Problem(404, "not-found", detail)
    return adopted


async def rates_at(snapshot: Snapshot, quote: str, position: int) -> dict[str, list[DatedRate]]:
    """Rates by foreign currency that stand for all schemes."""
    rows = await snapshot.rows("rate_acts", position=position)
    return standing_rates(map(_act, rows), quote)


def _act(row: Row) -> Act:
    data = msgspec.json.decode(row["data"])
    return Act(row["event_number"], row["leaf_index"], row["original"], data)
