"""A Kafka cluster of our own in one folder: one node or three, and nobody left behind.

The nodes end with the process that started them, however that one ends; data outlive both. An
acknowledged record survives the kill of every node at once (the page cache is the kernel's), not
a power cut: Kafka acknowledges before the disk has it.
"""

import base64
import json
import signal
import time
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from deploy.files import take_lock
from deploy.kafka.archive import class_archive
from deploy.kafka.errors import KafkaClusterError
from deploy.kafka.listeners import CLIENT, Advertise, Endpoint, Ports, as_bound
from deploy.kafka.node import START_SECONDS, Node, require_main_thread
from deploy.kafka.programs import HOME, Programs, usable_programs
from deploy.kafka.properties import properties

#: How many nodes a cluster may have: two would lose their quorum with either.
SIZES = (1, 3)
#: Seconds that all nodes together may take to close their data before they are killed.
STOP_SECONDS = 20.0
#: Memory of a node, in MiB, by the number of nodes: three have to fit a small machine.
_HEAP_MIB = {1: 512, 3: 256}
_DIRECT_MIB = {1: 256, 3: 128}


class Cluster:
    """Apache Kafka in the folder `folder`: `nodes` nodes, numbered from 1, on loopback.

    Clients come to `bootstrap`. With `port` node 1 answers them there and the others behind it;
    otherwise every port is a free one, known from the first moment (`endpoints`).

    `listeners` names further ways in for clients (upper-case names), each with a port of its own
    on each node and a `bootstrap_of`. `advertise` is asked, for each of these and for the traffic
    between the nodes (`BROKER`, `CONTROLLER`), which `host:port` to tell others instead of the
    bound address: so a proxy can stand between any two. `CLIENT`, the way of `bootstrap`, is
    always direct. A listener may name a protocol behind a colon (`SECURED:SASL_SSL`), which
    `settings` then complete; `users` (name to password) of new data come by SCRAM-SHA-512.

    `settings` go over those of `properties.py`. Start, begin, launch and restart from the main
    thread only. Every failure is a `KafkaClusterError`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        nodes: int = 1,
        port: int | None = None,
        listeners: Sequence[str] = (),
        advertise: Advertise = as_bound,
        settings: Mapping[str, str] | None = None,
        users: Mapping[str, str] | None = None,
        home: Path = HOME,
    ) -> None:
        if nodes not in SIZES:
            raise KafkaClusterError(f"A Kafka of ours has 1 node or 3, not {nodes}.")
        self.folder = folder.resolve()
        self.nodes = tuple(range(1, nodes + 1))
        self._ports = Ports(nodes, listeners, port)
        self._advertise = advertise
        self._settings = dict(settings or {})
        self._users = dict(users or {})
        self._home = home
        self._members = {one: Node(self.folder / f"node-{one}", one) for one in self.nodes}
        self._options = (
            f"-Xmx{_HEAP_MIB[nodes]}m",
            f"-XX:MaxDirectMemorySize={_DIRECT_MIB[nodes]}m",
        )
        self._programs: Programs | None = None
        self._lock: TextIO | None = None

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Every listener of every node with the port it is bound to."""
        return self._ports.endpoints

    @property
    def bootstrap(self) -> str:
        """Where clients begin, `host:port[,host:port…]`, as SIJILL_KAFKA takes it."""
        return ",".join(one.address for one in self._ports.named(CLIENT))

    def bootstrap_of(self, listener: str) -> str:
        """Where clients of a further listener begin: its advertised addresses."""
        return ",".join(self._advertise(one) for one in self._ports.named(listener))

    def pid(self, node: int) -> int | None:
        """The process id of a node, None when it does not run."""
        return self._members[node].pid

    def log(self, node: int) -> Path:
        """What a node says."""
        return self._members[node].log

    def start(self) -> None:
        """Return once every node serves; on existing data, with what they hold.

        Fetches Kafka if it is not there yet.
        """
        self.begin()
        try:
            self.wait_all()
        except BaseException:
            self.stop()
            raise

    def begin(self) -> None:
        """As `start`, but return once the nodes are launched; `wait_all` says when they serve.

        For a caller whose own event loop runs the proxies between them.
        """
        if self._lock is not None:
            return
        try:
            require_main_thread()
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = take_lock(self.folder / "lock", KafkaClusterError)
            self._ports.hold()
            self._prepare()
            for node in self.nodes:
                self.launch(node)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End every node in order, or after a while without, and let its ports go.

        May be called at any time, any number of times.
        """
        for member in self._members.values():
            member.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for member in self._members.values():
            member.close(deadline)
        self._ports.let_go()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def launch(self, node: int) -> None:
        """Start one node that does not run, and return at once."""
        if self._programs is None:
            raise KafkaClusterError("Start the cluster first.")
        self._members[node].launch(self._programs, self._options)

    def wait(self, node: int, seconds: float = START_SECONDS) -> None:
        """Return once a launched node serves. May be called in any thread."""
        self._members[node].wait(seconds)

    def wait_all(self) -> None:
        """Return once every launched node serves. May be called in any thread."""
        for node in self.nodes:
            self.wait(node)

    def restart(self, node: int) -> None:
        """Start one node again after a `kill`, and return once it serves."""
        self.launch(node)
        self.wait(node)

    def kill(self, node: int) -> None:
        """SIGKILL; returns when the node is gone. Frozen or not."""
        self._members[node].kill()

    def freeze(self, node: int) -> None:
        """SIGSTOP: the node keeps its connections and answers nothing."""
        self._members[node].signal(signal.SIGSTOP)

    def thaw(self, node: int) -> None:
        """SIGCONT: the node goes on where it stood."""
        self._members[node].signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _prepare(self) -> None:
        found = usable_programs(self._home)
        self._programs = programs = replace(found, archive=class_archive(found))
        cluster_id = _identity(self.folder / "cluster.json", len(self.nodes))
        with ThreadPoolExecutor(len(self.nodes)) as threads:
            list(
                threads.map(lambda node: self._prepare_node(node, programs, cluster_id), self.nodes)
            )

    def _prepare_node(self, node: int, programs: Programs, cluster_id: str) -> None:
        wanted = properties(node, self._ports, self._advertise, self._settings)
        self._members[node].configure(wanted)
        self._members[node].format(programs, cluster_id, wanted, self._users)


def _identity(path: Path, nodes: int) -> str:
    """The cluster's id, made once; refuses data of another number of nodes."""
    if not path.exists():
        # A random UUID in base64, as Kafka writes it. Never with a hyphen in front, which the
        # storage tool would take for an option.
        made = "-"
        while made.startswith("-"):
            made = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        staged = path.with_suffix(".new")
        staged.write_text(json.dumps({"id": made, "nodes": nodes}))
        staged.rename(path)
    found = json.loads(path.read_text())
    if found["nodes"] != nodes:
        raise KafkaClusterError(
            f"{path.parent} holds a Kafka of {found['nodes']} node(s), not {nodes}: ask for "
            f"--nodes {found['nodes']}, or name another data folder."
        )
    identity: str = found["id"]
    return identity
