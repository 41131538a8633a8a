"""What differs from Apache Kafka's defaults, node by node."""

from collections.abc import Mapping

from deploy.kafka.listeners import BROKER, CLIENT, CONTROLLER, Advertise, Ports

#: The same for every node, whatever the number. A caller may change one.
SETTINGS: Mapping[str, str] = {
    # Topics are made on purpose, with settings the law needs; never by a typo.
    "auto.create.topics.enable": "false",
    # The log is the only truth: nothing ages, not even in a topic that forgot to say so.
    "log.cleanup.policy": "delete",
    "log.retention.ms": "-1",
    "log.retention.bytes": "-1",
    "unclean.leader.election.enable": "false",
    # A stop ends every node: moving leaders first would only wait for nodes that end as well.
    "controlled.shutdown.enable": "false",
    # Faults are noticed in seconds: by default a killed node stalls its partitions for ten.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "replica.lag.time.max.ms": "3000",
    "replica.socket.timeout.ms": "3000",
    "replica.fetch.backoff.ms": "200",
    "controller.quorum.election.timeout.ms": "500",
    "controller.quorum.fetch.timeout.ms": "1000",
    "controller.quorum.election.backoff.max.ms": "500",
    "controller.quorum.request.timeout.ms": "1000",
    "controller.socket.timeout.ms": "3000",
    # How long one node waits for another's answer: a frozen one is given up sooner.
    "request.timeout.ms": "3000",
    # Topics of Kafka's own: Sijill uses no groups and no transactions, a test may.
    "group.initial.rebalance.delay.ms": "0",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    # Half the heap by default, for compacted topics; ours are never compacted.
    "log.cleaner.dedupe.buffer.size": "4194304",
}
_REPLICATED = (
    "offsets.topic.replication.factor",
    "transaction.state.log.replication.factor",
    "share.coordinator.state.topic.replication.factor",
    "default.replication.factor",
)
_IN_SYNC = ("transaction.state.log.min.isr", "share.coordinator.state.topic.min.isr")


def properties(
    node: int, ports: Ports, advertise: Advertise, settings: Mapping[str, str]
) -> dict[str, str]:
    """All of one node's settings. Paths are relative to its folder, where it runs."""
    own, quorum = ports.of(node), ports.named(CONTROLLER)
    told = {
        one: one.address if one.listener == CLIENT else advertise(one)
        for one in own
        if one.listener != CONTROLLER
    }
    # A node reaches the other controllers where they are advertised, and itself where it is.
    voters = {one: one.address if one.node == node else advertise(one) for one in quorum}
    return {
        **SETTINGS,
        **dict.fromkeys(_REPLICATED, str(len(quorum))),
        **dict.fromkeys(_IN_SYNC, str((len(quorum) + 1) // 2)),
        **settings,
        "process.roles": "broker,controller",
        "node.id": str(node),
        "log.dirs": "data",
        "listeners": ",".join(f"{one.listener}://{one.address}" for one in own),
        "advertised.listeners": ",".join(f"{one.listener}://{at}" for one, at in told.items()),
        "listener.security.protocol.map": ",".join(f"{one.listener}:{one.protocol}" for one in own),
        "controller.listener.names": CONTROLLER,
        "inter.broker.listener.name": BROKER,
        "controller.quorum.voters": ",".join(f"{one.node}@{at}" for one, at in voters.items()),
    }


def as_file(settings: Mapping[str, str]) -> str:
    """In the format of java.util.Properties, where a backslash escapes."""
    escaped = {name: value.replace("\\", "\\\\") for name, value in settings.items()}
    return "".join(f"{name}={value}\n" for name, value in escaped.items())
