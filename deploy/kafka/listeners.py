"""Which ports a node listens on, and what address it tells others to come to."""

import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deploy.kafka.errors import KafkaClusterError
from deploy.ports import HOST

#: Every node has these three. CLIENT is for clients, and never advertised as anything else.
CONTROLLER, BROKER, CLIENT = "CONTROLLER", "BROKER", "CLIENT"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where one listener of one node is bound, always on loopback."""

    node: int
    listener: str
    port: int
    protocol: str = "PLAINTEXT"

    @property
    def address(self) -> str:
        """As clients write it."""
        return f"{HOST}:{self.port}"


#: Gives the `host:port` at which an endpoint is told to others: a proxy's, say.
Advertise = Callable[[Endpoint], str]


def as_bound(endpoint: Endpoint) -> str:
    """Tell the address that the endpoint is bound to."""
    return endpoint.address


class Ports:
    """The endpoints of all nodes, each port ours alone until `let_go`.

    Bound and never listened on, so nobody else gets one, not even while its node is dead: without
    this the local end of a stranger's connection could take it between a kill and a restart.
    """

    def __init__(self, nodes: int, listeners: Sequence[str], first: int | None) -> None:
        self._held: list[socket.socket] = []
        try:
            self.endpoints = tuple(
                self._endpoint(node, *listener.split(":"), first=first)
                for node in range(1, nodes + 1)
                for listener in (CONTROLLER, BROKER, CLIENT, *listeners)
            )
        except BaseException:
            self.let_go()
            raise

    def of(self, node: int) -> tuple[Endpoint, ...]:
        """The endpoints of one node."""
        return tuple(one for one in self.endpoints if one.node == node)

    def named(self, listener: str) -> tuple[Endpoint, ...]:
        """The endpoints of one listener, of the first node first."""
        return tuple(one for one in self.endpoints if one.listener == listener)

    def hold(self) -> None:
        """Take the same ports again after `let_go`."""
        if not self._held:
            for one in self.endpoints:
                self._take(one.port)

    def let_go(self) -> None:
        """Close what holds the ports."""
        while self._held:
            self._held.pop().close()

    def _endpoint(
        self, node: int, name: str, protocol: str = "PLAINTEXT", *, first: int | None
    ) -> Endpoint:
        # Clients find node 1 at the port asked for and the next nodes behind it; 0 is any port.
        port = 0 if first is None or name != CLIENT else first + node - 1
        return Endpoint(node, name, self._take(port), protocol)

    def _take(self, port: int) -> int:
        held = socket.socket()
        self._held.append(held)
        try:
            if port:
                # As servers do: a connection that lingers from an earlier run is no obstacle.
                held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            held.bind((HOST, port))
        except OSError as error:
            raise KafkaClusterError(
                f"Kafka cannot listen on port {port} ({error.strerror}): stop what does, or name "
                "another port."
            ) from None
        # Only now, or two of us could choose the same one; without it the node could not bind
        # beside us. Linux alone lets it: elsewhere nothing is held.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        number: int = held.getsockname()[1]
        if sys.platform != "linux":
            held.close()
        return number
