"""Settings of a process, from environment variables, checked at start.

docs/operate.md has the table; `read_settings` is its truth.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from events.clock import Clock, file_clock, system_clock

#: Where the name of the database role goes in `SIJILL_DATABASE`.
ROLE_MARK = "{role}"
_FILE = "file:"


class SettingsError(ValueError):
    """A variable is missing or wrong; the text says which and what to set."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a process needs to know."""

    database: str
    keys: Path
    host: str
    port: int
    clock: Clock

    def dsn(self, role: str) -> str:
        """The database's address for a role."""
        return self.database.replace(ROLE_MARK, role)


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings, or `SettingsError` naming the first variable that does not fit."""
    env = os.environ if environment is None else environment
    database = _required(env, "SIJILL_DATABASE")
    if not database.startswith("postgresql://") or ROLE_MARK not in database:
        raise SettingsError(
            "SIJILL_DATABASE must be postgresql://{role}@HOST/DATABASE with the mark {role}"
        )
    return Settings(
        database=database,
        keys=_folder(env, "SIJILL_KEYS"),
        host=env.get("SIJILL_HOST", "127.0.0.1"),
        port=_port(env, "SIJILL_PORT"),
        clock=_clock(env.get("SIJILL_CLOCK", "system")),
    )


def _required(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set")
    return value


def _folder(env: Mapping[str, str], name: str) -> Path:
    folder = Path(_required(env, name))
    if not folder.is_dir():
        raise SettingsError(f"{name}={folder} is no folder")
    return folder


def _port(env: Mapping[str, str], name: str) -> int:
    text = _required(env, name)
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise SettingsError(f"{name}={text} is no port")
    return int(text)


def _clock(text: str) -> Clock:
    if text == "system":
        return system_clock
    if text.startswith(_FILE):
        return file_clock(Path(text.removeprefix(_FILE)))
    raise SettingsError(f"SIJILL_CLOCK={text} is neither `system` nor `file:PATH`")
