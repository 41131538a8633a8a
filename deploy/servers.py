"""The servers under a registry in a folder: its PostgreSQL and, if asked for, its Apache Kafka."""

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Self

import asyncpg

from deploy.embedded.postgres import EmbeddedPostgres
from deploy.folder import DATABASE, DATABASE_ACCOUNT, DataFolder
from deploy.kafka.cluster import Cluster
from deploy.processes.settings import KAFKA, ROLE_MARK, Stores, read_stores
from migrations.roles import ROLES
from migrations.run import upgrade

#: Of data that are thrown away on exit: what survives a power cut does not matter.
_PASSING = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
}
#: Seconds between looks whether they still live.
_WATCH_SECONDS = 0.5

Say = Callable[[str], None]


class Servers:
    """Both servers, started when entered, started again when they are killed.

    `kafka`: put the log on the brokers that SIJILL_KAFKA names, there into the topics of a prefix
    (`topics`, by default what SIJILL_TOPICS says), else on one of our own whose data lie in the
    folder. `passing`: the data are thrown away on exit, so nothing waits for a disk.
    """

    def __init__(
        self, folder: DataFolder, say: Say, *, kafka: bool, topics: str = "", passing: bool = False
    ) -> None:
        self._folder, self._say = folder, say
        self._brokers = {name: os.environ[name] for name in KAFKA if os.environ.get(name)}
        settings = _PASSING if passing else None
        self._database = EmbeddedPostgres(
            folder.postgres, roles=ROLES, settings=settings, os_user=DATABASE_ACCOUNT
        )
        if topics:
            self._brokers.setdefault("SIJILL_TOPICS", topics)
        own = kafka and "SIJILL_KAFKA" not in self._brokers
        if folder.kafka.exists() and not own:
            raise ValueError(
                f"the log of the registry in {folder.path} is on a Kafka of its own: start it "
                "with --kafka and without SIJILL_KAFKA"
            )
        self._kafka = kafka
        self._cluster = Cluster(folder.kafka) if own else None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with self._stack:
            self._stack.enter_context(self._database)
            self._say(f"database   {self._folder.postgres} (PostgreSQL, started)")
            if self._cluster is not None:
                self._say(f"broker     {self._folder.kafka} (Apache Kafka, starting)")
                self._stack.enter_context(self._cluster)
            elif (kafka := self.stores.kafka) is not None:
                # Its topics are not in the folder: they stay when that is removed.
                self._say(f"broker     {kafka.bootstrap} (Apache Kafka, topics {kafka.prefix}.*)")
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def settings(self) -> Mapping[str, str]:
        """Where the data lie, as the settings of the processes."""
        _, _, address = self._database.dsn(DATABASE).partition("@")
        # Each process puts its role in place of the mark.
        settings = {"SIJILL_DATABASE": f"postgresql://{ROLE_MARK}@{address}"}
        if self._cluster is not None:
            settings["SIJILL_KAFKA"] = self._cluster.bootstrap
        elif self._kafka:
            settings |= self._brokers
        return settings

    @property
    def stores(self) -> Stores:
        """Where the data lie."""
        return read_stores(self.settings)

    @property
    def pids(self) -> dict[str, int]:
        """The processes of the servers that live, by name."""
        found = {"postgres": self._database.pid}
        if self._cluster is not None:
            found |= {f"kafka-{node}": self._cluster.pid(node) for node in self._cluster.nodes}
        return {name: pid for name, pid in found.items() if pid is not None}

    def admin_dsn(self, database: str = "postgres") -> str:
        """The address of a database for the account that owns the server."""
        return self._database.dsn(database)

    async def prepare(self) -> None:
        """Make database, schemas and topics, as far as they are missing."""
        connection = await asyncpg.connect(self._database.dsn())
        try:
            found = "SELECT FROM pg_database WHERE datname = $1"
            if await connection.fetchrow(found, DATABASE) is None:
                await connection.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            await connection.close()
        await upgrade(self._database.dsn(DATABASE))
        if (kafka := self.stores.kafka) is not None:
            from events.log.kafka.topics import apply_topics

            await apply_topics(kafka)

    async def keep(self) -> None:
        """Start again whatever was killed; the services wait for it meanwhile. Never returns."""
        while True:
            if self._database.pid is None:
                self._say("the database server ended: starting it again")
                self._database.start()
            if self._cluster is not None:
                self._keep_cluster(self._cluster)
            await asyncio.sleep(_WATCH_SECONDS)

    def _keep_cluster(self, cluster: Cluster) -> None:
        for node in cluster.nodes:
            if cluster.pid(node) is None:
                self._say("the broker ended: starting it again")
                cluster.launch(node)
