"""Where data go when nobody says."""

import os
from pathlib import Path

import pytest

from deploy.folder import DataFolder, default_folder


def test_data_go_into_the_present_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() == 0:
        # Root's database runs as another account, which must be able to enter.
        for folder in (tmp_path, *tmp_path.parents[:2]):
            folder.chmod(0o755)
    monkeypatch.chdir(tmp_path)

    assert default_folder() == tmp_path / "sijill-data"


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
    folder.say_running("http://127.0.0.1:1", "postgresql://{role}@/sijill")
    assert folder.running() is not None

    folder.say_stopped()

    assert folder.running() is None
