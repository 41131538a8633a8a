"""Three nodes with proxies of ours between them: what the loss of one does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.kafka.cluster import Cluster
from deploy.kafka.listeners import BROKER, CLIENT, Endpoint
from deploy.ports import HOST
from tests.fault.proxy import Down, Proxy
from tests.fault.waiting import until
from tests.kafka.clients import (
    append,
    brokers,
    create_topic,
    in_sync,
    leader,
    new_producer,
    read,
)

#: A way in for clients that leads through the proxies.
VIA = "VIA"


@dataclass(frozen=True)
class Proxied:
    """A cluster whose nodes find each other, and clients of VIA them, through proxies."""

    cluster: Cluster
    links: dict[Endpoint, Proxy]

    def link(self, node: int, listener: str) -> Proxy:
        """The proxy in front of one listener of one node."""
        return next(
            self.links[one] for one in self.links if (one.node, one.listener) == (node, listener)
        )


@pytest.fixture
async def proxied(folder: Path) -> AsyncIterator[Proxied]:
    """Three nodes that serve."""
    links: dict[Endpoint, Proxy] = {}

    def advertise(endpoint: Endpoint) -> str:
        return "{}:{}".format(*links[endpoint].listen)

    async with AsyncExitStack() as stack:
        cluster = Cluster(folder, nodes=3, listeners=[VIA], advertise=advertise)
        stack.callback(cluster.stop)
        for endpoint in cluster.endpoints:
            if endpoint.listener != CLIENT:
                links[endpoint] = proxy = Proxy((HOST, 0), (HOST, endpoint.port))
                await proxy.open()
                stack.push_async_callback(proxy.close)
        # The proxies run on this thread's event loop: it must not be waited away.
        cluster.begin()
        await asyncio.to_thread(cluster.wait_all)
        yield Proxied(cluster, links)


async def test_three_nodes_survive_what_befalls_one(proxied: Proxied) -> None:
    cluster = proxied.cluster
    through = cluster.bootstrap_of(VIA)
    # Clients are sent where the caller said, not to where a node is bound.
    told = await asyncio.to_thread(brokers, through)
    assert told == sorted(through.split(","))
    assert not {one.address for one in cluster.endpoints} & set(told)
    assert await asyncio.to_thread(brokers, cluster.bootstrap) == sorted(
        cluster.bootstrap.split(",")
    )

    await asyncio.to_thread(create_topic, through, "log", 3, 2)
    producer = await asyncio.to_thread(new_producer, through)
    await asyncio.to_thread(append, producer, "log", b"calm")

    # The nodes' own traffic passes the proxies too: cut off, the followers fall behind.
    first = await asyncio.to_thread(leader, cluster.bootstrap, "log")

    async def replicas(count: int) -> bool:
        return len(await asyncio.to_thread(in_sync, cluster.bootstrap, "log")) == count

    await proxied.link(first, BROKER).hurt(Down())
    waiting = producer.send("log", b"followers cut off")
    await until(lambda: replicas(1), "the followers are out of sync")
    assert not waiting.succeeded()
    await proxied.link(first, BROKER).heal()
    await asyncio.to_thread(waiting.get, 60)
    await until(lambda: replicas(3), "the followers are back")

    cluster.kill(first)
    await asyncio.to_thread(append, producer, "log", b"one killed")
    assert await asyncio.to_thread(leader, through, "log") != first
    cluster.launch(first)
    await asyncio.to_thread(cluster.wait, first)
    await until(lambda: replicas(3), "the killed node caught up")

    second = await asyncio.to_thread(leader, cluster.bootstrap, "log")
    cluster.freeze(second)
    await asyncio.to_thread(append, producer, "log", b"one frozen")
    cluster.thaw(second)
    await asyncio.to_thread(producer.close)
    kept = await asyncio.to_thread(read, through, "log", 4)
    assert kept == [b"calm", b"followers cut off", b"one killed", b"one frozen"]
