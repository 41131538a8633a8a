"""Where data go when nobody says."""

import os
import tempfile
from pathlib import Path

import pytest

from deploy.folder import DataFolder, default_folder


def test_data_go_into_the_present_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(prefix="sj-", dir="/tmp") as place:
        # Root's database runs as another account, which must be able to enter.
        Path(place).chmod(0o711)
        monkeypatch.chdir(place)

        assert default_folder() == Path(place) / "sijill-data"
        monkeypatch.undo()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's database runs as another account")
def test_as_root_a_closed_place_is_not_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.chdir(tmp_path)

    assert default_folder() == Path("/var/lib/sijill")


def test_a_folder_whose_registry_stopped_tells_no_address(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    folder.make()
    folder.say_running("http://127.0.0.1:1", {"SIJILL_DATABASE": "postgresql://{role}@/sijill"})
    assert folder.running() is not None

    folder.say_stopped()

    assert folder.running() is None
