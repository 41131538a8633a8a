"""Where the socket lies, and that nobody else can have laid the folder out first."""

import os
from pathlib import Path

import pytest

from deploy.embedded.accounts import Account
from deploy.embedded.errors import EmbeddedPostgresError
from deploy.embedded.sockets import SOCKET_PATH_BYTES_MAX, clear, prepare, socket_folder

US = Account("us", os.geteuid(), os.getegid(), drops=False)
DROPPED = Account("nobody", 65534, 65534, drops=True)
SOCKET = ".s.PGSQL.5432"
#: The longest data folder whose own socket still fits.
LONGEST = Path("/" + "d" * (SOCKET_PATH_BYTES_MAX - len(f"//run/{SOCKET}")))


def test_a_socket_of_exactly_the_longest_path_stays_with_the_data() -> None:
    inside = socket_folder(LONGEST, US, {})
    assert inside == LONGEST / "run"
    assert len(os.fsencode(inside / SOCKET)) == 107


def test_bytes_count_not_letters() -> None:
    data = LONGEST.with_name("é" + LONGEST.name[1:])
    assert not socket_folder(data, US, {}).is_relative_to(data)


@pytest.mark.parametrize(
    ("account", "environment", "parent"),
    [
        (US, {"XDG_RUNTIME_DIR": "/run/user/1000"}, "/run/user/1000"),
        (US, {}, "/tmp"),
        (US, {"XDG_RUNTIME_DIR": "relative"}, "/tmp"),
        (US, {"XDG_RUNTIME_DIR": "/" + "x" * 100}, "/tmp"),
        (DROPPED, {"XDG_RUNTIME_DIR": "/run/user/0"}, "/tmp"),
    ],
)
def test_a_long_path_gives_a_folder_where_the_account_may_be(
    account: Account, environment: dict[str, str], parent: str
) -> None:
    data = LONGEST / "longer"
    chosen = socket_folder(data, account, environment)
    assert str(chosen.parent) == parent
    assert chosen == socket_folder(data, account, environment)
    assert chosen != socket_folder(data / "other", account, environment)


def test_a_folder_of_ours_is_used_again_and_cleared(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    prepare(folder, US)
    prepare(folder, US)
    assert folder.stat().st_mode & 0o777 == 0o700
    clear(folder, tmp_path)
    assert folder.exists()
    clear(folder, tmp_path / "data")
    assert not folder.exists()


def test_a_folder_open_to_others_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    folder.chmod(0o770)
    with pytest.raises(EmbeddedPostgresError, match="0700"):
        prepare(folder, US)


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    with pytest.raises(EmbeddedPostgresError, match="somebody else"):
        prepare(folder, Account("another", US.uid + 1, US.gid, drops=True))


def test_a_link_to_a_folder_of_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir(mode=0o700)
    (tmp_path / "run").symlink_to(tmp_path / "target")
    with pytest.raises(EmbeddedPostgresError, match="has to be a folder"):
        prepare(tmp_path / "run", US)
