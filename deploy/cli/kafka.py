"""`sijill kafka`: an Apache Kafka for development, until Ctrl-C."""

import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.context import out, told_plainly

if TYPE_CHECKING:
    from deploy.kafka.cluster import Cluster

#: Where Kafka answers unless asked otherwise, by its own custom.
PORT = 9092
#: Seconds between looks whether the nodes still live.
_WATCH_SECONDS = 0.5


def kafka(
    nodes: Annotated[
        int, typer.Option(help="1, or 3 to try what the loss of one does (first start only).")
    ] = 1,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Folder of its data (default: ./sijill-kafka)."),
    ] = None,
    port: Annotated[
        int, typer.Option(help="Port of node 1, others take the next ones; 0: any that are free.")
    ] = PORT,
) -> None:
    """Run an Apache Kafka for development until Ctrl-C (Java 17; Maven fetches it once)."""
    from deploy.kafka.cluster import Cluster

    # A service manager's stop is as orderly as Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with told_plainly():
        folder = (data or Path("sijill-kafka")).absolute()
        with Cluster(folder, nodes=nodes, port=port or None) as cluster:
            _show(cluster)
            try:
                _keep(cluster)
            except KeyboardInterrupt:
                out.print("stopping")
    out.print("stopped; the data stay in place")


def _show(cluster: "Cluster") -> None:
    for line in (
        f"kafka      {cluster.bootstrap}",
        f"data       {cluster.folder}  (what each node says: node-*/kafka.log)",
        "stop       Ctrl-C",
        f"export SIJILL_KAFKA={cluster.bootstrap}",
    ):
        out.print(line, highlight=False, soft_wrap=True)


def _keep(cluster: "Cluster") -> None:
    """Start a node again that was killed, until interrupted."""
    while True:
        for node in cluster.nodes:
            if cluster.pid(node) is None:
                out.print(f"node {node} ended: starting it again", highlight=False)
                cluster.restart(node)
        time.sleep(_WATCH_SECONDS)
