"""Settings of a process, from environment variables, checked at start.

docs/operate.md has the table; `read_settings` is its truth.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from events.clock import Clock, file_clock, system_clock

if TYPE_CHECKING:
    from events.log.kafka.client import KafkaAddress

#: Where the name of the database role goes in `SIJILL_DATABASE` and `SIJILL_VIEWS`.
ROLE_MARK = "{role}"
_FILE = "file:"
#: How much is logged, from most to least.
LEVELS = ("debug", "info", "warning", "error")

#: Everything about a broker; where the log is in the database, none of it is set.
KAFKA = (
    "SIJILL_KAFKA",
    "SIJILL_TOPICS",
    "SIJILL_KAFKA_PROTOCOL",
    "SIJILL_KAFKA_USER",
    "SIJILL_KAFKA_PASSWORD_FILE",
    "SIJILL_KAFKA_CA",
)
_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
#: What Kafka takes in a topic's name, with room for what is put behind it.
_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


class SettingsError(ValueError):
    """A variable is missing or wrong; the text says which and what to set."""


@dataclass(frozen=True, slots=True)
class Stores:
    """Where a registry's data lie. `views`: the views' database, if it is one of its own."""

    database: str
    views: str = field(default="", kw_only=True)
    #: The cluster whose topics hold the log; None: the log is in the database.
    kafka: "KafkaAddress | None" = field(default=None, kw_only=True)

    def dsn(self, role: str) -> str:
        """The address of log, vault and audit for a role."""
        return self.database.replace(ROLE_MARK, role)

    def views_dsn(self, role: str) -> str:
        """The address of the views for a role."""
        return (self.views or self.database).replace(ROLE_MARK, role)


@dataclass(frozen=True, slots=True)
class Settings(Stores):
    """What a process needs to know."""

    keys: Path
    host: str
    port: int
    clock: Clock
    level: str = field(default="info", kw_only=True)
    #: A second port, which several processes of a kind on one machine listen on together.
    shared_port: int | None = field(default=None, kw_only=True)


def read_stores(environment: Mapping[str, str] | None = None) -> Stores:
    """Where the data lie, or `SettingsError` naming the first variable that does not fit."""
    env = os.environ if environment is None else environment
    return Stores(_database(env, "SIJILL_DATABASE"), views=_views(env), kafka=read_kafka(env))


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings, or `SettingsError` naming the first variable that does not fit."""
    env = os.environ if environment is None else environment
    stores = read_stores(env)
    return Settings(
        database=stores.database,
        views=stores.views,
        kafka=stores.kafka,
        keys=read_keys(env),
        host=env.get("SIJILL_HOST", "127.0.0.1"),
        port=_port(env, "SIJILL_PORT"),
        clock=read_clock(env),
        level=_level(env),
        shared_port=_port(env, "SIJILL_SHARED_PORT") if env.get("SIJILL_SHARED_PORT") else None,
    )


def _database(env: Mapping[str, str], name: str) -> str:
    address = _required(env, name)
    parts = urlsplit(address.replace(ROLE_MARK, "role"))
    try:
        # Only asking for the port looks whether there is a number.
        good = parts.scheme == "postgresql" and parts.path.strip("/") and parts.port != 0
    except ValueError:
        good = False
    if not good or ROLE_MARK not in address:
        raise SettingsError(
            f"{name} must be postgresql://{ROLE_MARK}@HOST/DATABASE with the mark {ROLE_MARK}"
        )
    return address


def _views(env: Mapping[str, str]) -> str:
    return _database(env, "SIJILL_VIEWS") if env.get("SIJILL_VIEWS") else ""


def read_kafka(environment: Mapping[str, str] | None = None) -> "KafkaAddress | None":
    """The cluster that holds the log; None if the log is in the database."""
    env = os.environ if environment is None else environment
    stated = [name for name in KAFKA if env.get(name)]
    if not stated:
        return None
    if "SIJILL_KAFKA" not in stated:
        raise SettingsError(f"{stated[0]} is set and SIJILL_KAFKA is not: name the brokers too")
    prefix = env.get("SIJILL_TOPICS", "sijill")
    if not _PREFIX.fullmatch(prefix):
        raise SettingsError(f"SIJILL_TOPICS={prefix} cannot begin the name of a topic")
    # The client is large: only those who speak to a broker load it.
    from events.log.kafka.client import KafkaAddress

    return KafkaAddress(_brokers(env["SIJILL_KAFKA"]), prefix, _security(env))


def _brokers(text: str) -> str:
    for broker in text.split(","):
        host, colon, port = broker.rpartition(":")
        if not (host and colon and is_port(port)) or "/" in broker or " " in broker:
            raise SettingsError(f"SIJILL_KAFKA={text} is not host:port, or several with commas")
    return text


def _security(env: Mapping[str, str]) -> dict[str, str]:
    """How the brokers are spoken to, as the client's own arguments."""
    protocol = env.get("SIJILL_KAFKA_PROTOCOL", "PLAINTEXT")
    if protocol not in _PROTOCOLS:
        known = ", ".join(_PROTOCOLS)
        raise SettingsError(f"SIJILL_KAFKA_PROTOCOL={protocol} is none of {known}")
    security = {"security_protocol": protocol}
    if protocol.startswith("SASL_"):
        security["sasl_mechanism"] = "SCRAM-SHA-512"
        security["sasl_plain_username"] = _required(env, "SIJILL_KAFKA_USER")
        security["sasl_plain_password"] = _password(env)
    else:
        _refuse_idle(env, ("SIJILL_KAFKA_USER", "SIJILL_KAFKA_PASSWORD_FILE"), protocol)
    if not protocol.endswith("SSL"):
        _refuse_idle(env, ("SIJILL_KAFKA_CA",), protocol)
    elif authorities := env.get("SIJILL_KAFKA_CA"):
        if not Path(authorities).is_file():
            raise SettingsError(f"SIJILL_KAFKA_CA={authorities} is no file")
        security["ssl_cafile"] = authorities
    return security


def _refuse_idle(env: Mapping[str, str], names: Sequence[str], protocol: str) -> None:
    """Whoever states a password or a certificate means it to be used."""
    for name in names:
        if env.get(name):
            raise SettingsError(f"{name} has no effect with SIJILL_KAFKA_PROTOCOL={protocol}")


def _password(env: Mapping[str, str]) -> str:
    path = _required(env, "SIJILL_KAFKA_PASSWORD_FILE")
    try:
        password = Path(path).read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"SIJILL_KAFKA_PASSWORD_FILE={path} cannot be read: {error}") from error
    if not password:
        raise SettingsError(f"SIJILL_KAFKA_PASSWORD_FILE={path} is empty")
    return password


def _required(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set")
    return value


def read_keys(environment: Mapping[str, str] | None = None) -> Path:
    """The folder of the registry's keys."""
    env = os.environ if environment is None else environment
    folder = Path(_required(env, "SIJILL_KEYS"))
    if not folder.is_dir():
        raise SettingsError(f"SIJILL_KEYS={folder} is no folder")
    return folder


def _port(env: Mapping[str, str], name: str) -> int:
    text = _required(env, name)
    if not is_port(text):
        raise SettingsError(f"{name}={text} is no port")
    return int(text)


def is_port(text: str) -> bool:
    """Whether a text is the number of a port."""
    return text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65536


def read_clock(environment: Mapping[str, str] | None = None) -> Clock:
    """The clock that dates what this process makes."""
    env = os.environ if environment is None else environment
    text = env.get("SIJILL_CLOCK", "system")
    if text == "system":
        return system_clock
    if text.startswith(_FILE):
        return file_clock(Path(text.removeprefix(_FILE)))
    raise SettingsError(f"SIJILL_CLOCK={text} is neither `system` nor `file:PATH`")


def _level(env: Mapping[str, str]) -> str:
    text = env.get("SIJILL_LOG", "info")
    if text not in LEVELS:
        raise SettingsError(f"SIJILL_LOG={text} is none of {', '.join(LEVELS)}")
    return text
