"""The topics of a log on Kafka: made once as the law needs them, and looked after."""

import asyncio
from typing import Annotated

import typer

from deploy.cli.context import Data, out, stores_of, told_plainly
from deploy.processes.settings import read_kafka

topics = typer.Typer(help="Make and check the topics of a log on Kafka.", no_args_is_help=True)


@topics.command("apply")
def topics_apply(
    replicas: Annotated[
        int | None,
        typer.Option(min=1, help="Copies of each record (default: up to 3, as brokers allow)."),
    ] = None,
) -> None:
    """Make the topics that are missing. What exists is checked and never changed."""
    with told_plainly():
        kafka = read_kafka()
        if kafka is None:
            raise ValueError("SIJILL_KAFKA is not set: the log has topics only on Kafka")
        from events.log.kafka.topics import apply_topics

        made = asyncio.run(apply_topics(kafka, replicas))
        for name in (kafka.intake, kafka.leaves):
            out.print(f"{name}: {'made' if name in made else 'stands'}", highlight=False)


@topics.command("check")
def topics_check(data: Data = None) -> None:
    """Refuse topics that are weaker than they must be, were cut, or were made anew."""
    from deploy.processes.opening import look_at_log

    with told_plainly():
        stores = stores_of(data)
        if stores.kafka is None:
            raise ValueError("this registry's log is in its database: it has no topics")
        asyncio.run(look_at_log(stores))
        out.print("the topics are as they must be")
