"""TLS, passwords and rights: each process with no more than the page about Kafka grants it."""

import secrets
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from kafka import TopicPartition
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    KafkaAdminClient,
    ResourcePattern,
    ResourceType,
)
from kafka.errors import KafkaError

from deploy.kafka.cluster import Cluster
from deploy.kafka.programs import Programs
from deploy.processes.settings import read_kafka
from events.log.kafka.client import KafkaAddress
from events.log.kafka.topics import apply_topics, check_topics
from tests.kafka.certificates import write_certificate

_SECURED = "SECURED"
_LOOK = (ACLOperation.DESCRIBE, ACLOperation.DESCRIBE_CONFIGS)
_READ = (*_LOOK, ACLOperation.READ)
_WRITE = (*_READ, ACLOperation.WRITE)
#: Who may do what with the intake, and with the leaves (docs/kafka.md).
_RIGHTS = {
    "apply": ((*_LOOK, ACLOperation.CREATE), (*_LOOK, ACLOperation.CREATE)),
    "ingest": (_WRITE, _READ),
    "sequence": (_READ, _WRITE),
    "project": (_READ, _READ),
}


@dataclass(frozen=True)
class Secured:
    """A cluster whose users are told apart."""

    cluster: Cluster
    folder: Path
    authority: Path

    def write(self, user: str, topic: str) -> None:
        """Append one record as a user who may."""
        with closing(self.address(user).producer()) as producer:
            producer.send(topic, b"a record", partition=0).get(10)

    def address(self, user: str, password: str | None = None) -> KafkaAddress:
        """The log's address as the settings of a user's process give it."""
        file = self.folder / f"{user}.password"
        if password is not None:
            file.write_text(f"{password}\n")
        environment = {
            "SIJILL_KAFKA": self.cluster.bootstrap_of(_SECURED),
            "SIJILL_KAFKA_PROTOCOL": "SASL_SSL",
            "SIJILL_KAFKA_USER": user,
            "SIJILL_KAFKA_PASSWORD_FILE": str(file),
            "SIJILL_KAFKA_CA": str(self.authority),
        }
        address = read_kafka(environment)
        assert address is not None
        return address


@pytest.fixture(scope="module")
def secured(
    tmp_path_factory: pytest.TempPathFactory, kafka_programs: Programs
) -> Iterator[Secured]:
    """One node with a listener for passwords over TLS, and the topics, made by `apply`."""
    folder = tmp_path_factory.mktemp("secured")
    key, authority = write_certificate(folder)
    passwords = {user: secrets.token_hex(8) for user in _RIGHTS}
    listener = f"listener.name.{_SECURED.lower()}"
    module = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    settings = {
        f"{listener}.ssl.keystore.type": "PEM",
        f"{listener}.ssl.keystore.location": str(key),
        f"{listener}.sasl.enabled.mechanisms": "SCRAM-SHA-512",
        f"{listener}.scram-sha-512.sasl.jaas.config": module,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        # Whoever needs no password: the node itself, and the test that grants the rights.
        "super.users": "User:ANONYMOUS",
    }
    cluster = Cluster(
        folder / "kafka",
        listeners=[f"{_SECURED}:SASL_SSL"],
        settings=settings,
        users=passwords,
    )
    with cluster:
        made = Secured(cluster, folder, authority)
        for user, password in passwords.items():
            grant(cluster.bootstrap, user, made.address(user, password))
        yield made


def grant(bootstrap: str, user: str, address: KafkaAddress) -> None:
    """Give a user its rights on both topics, and the sight of the cluster."""
    wanted = [(ResourceType.CLUSTER, "kafka-cluster", ACLOperation.DESCRIBE)]
    for topic, rights in zip((address.intake, address.leaves), _RIGHTS[user], strict=True):
        wanted += [(ResourceType.TOPIC, topic, right) for right in rights]
    acls = [
        ACL(f"User:{user}", "*", right, ACLPermissionType.ALLOW, ResourcePattern(kind, name))
        for kind, name, right in wanted
    ]
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        assert admin.create_acls(acls)["failed"] == []


@pytest.fixture(scope="module")
async def made(secured: Secured) -> list[str]:
    """The topics, made by the user that is there for it."""
    return await apply_topics(secured.address("apply"))


@pytest.mark.parametrize("user", _RIGHTS)
async def test_every_process_may_check_the_topics(
    user: str, secured: Secured, made: list[str]
) -> None:
    assert made == ["sijill.intake", "sijill.leaves"]
    await check_topics(secured.address(user))


@pytest.mark.parametrize("user", _RIGHTS)
def test_a_process_writes_what_is_its_own_and_nothing_else(
    user: str, secured: Secured, made: list[str]
) -> None:
    for topic, rights in zip(made, _RIGHTS[user], strict=True):
        if ACLOperation.WRITE in rights:
            secured.write(user, topic)
        else:
            with pytest.raises(KafkaError, match="AuthorizationFailed"):
                secured.write(user, topic)


@pytest.mark.parametrize("user", ["ingest", "sequence", "project"])
def test_a_process_reads_both_topics(user: str, secured: Secured, made: list[str]) -> None:
    secured.write("ingest", made[0])
    secured.write("sequence", made[1])
    with closing(secured.address(user).consumer()) as consumer:
        for topic in made:
            partition = TopicPartition(topic, 0)
            consumer.assign([partition])
            consumer.seek(partition, 0)
            assert next(consumer).value == b"a record"


async def test_a_wrong_password_reads_as_a_cluster_out_of_reach(secured: Secured) -> None:
    with pytest.raises(ConnectionError, match="Unable to bootstrap"):
        await check_topics(secured.address("query", "guessed"))
