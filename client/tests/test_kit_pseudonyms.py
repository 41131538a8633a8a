import re
from pathlib import Path

import pytest
from sijill_client.errors import KeyFileError
from sijill_client.pseudonyms import Pseudonyms, open_pseudonyms, pseudonyms_path

WORKER = "A1B2C3D4E5F6G7"
ONE, OTHER = b"\x01" * 32, b"\x02" * 32


def test_a_worker_of_the_platforms_form_is_one_worker_in_every_file(pseudonyms: Pseudonyms) -> None:
    assert pseudonyms.worker(WORKER, ONE) == pseudonyms.worker(WORKER, OTHER)
    assert re.fullmatch(r"w[a-z2-7]{26}", pseudonyms.worker(WORKER, ONE))


@pytest.mark.parametrize("running_number", ["0", "17", "A166"])
def test_a_running_number_means_nothing_outside_its_file(
    pseudonyms: Pseudonyms, running_number: str
) -> None:
    name = pseudonyms.worker(running_number, ONE)
    assert name == pseudonyms.worker(running_number, ONE)
    assert name != pseudonyms.worker(running_number, OTHER)


def test_another_platform_gives_the_same_person_another_name() -> None:
    names = {Pseudonyms(secret).worker(WORKER, ONE) for secret in (ONE, OTHER)}
    assert len(names) == 2


def test_a_digest_of_feedback_cannot_be_checked_without_the_secret() -> None:
    digests = {Pseudonyms(secret).digest("Jane was late") for secret in (ONE, OTHER)}
    assert len(digests) == 2
    assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in digests)


def test_the_secret_is_made_once_and_kept_private(tmp_path: Path) -> None:
    key_file = tmp_path / "alpha.key"
    first = open_pseudonyms(key_file)
    assert open_pseudonyms(key_file) == first
    assert pseudonyms_path(key_file).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["alpha.key.pseudonyms"]
    assert first.secret.hex() not in repr(first)


def test_a_damaged_secret_is_never_replaced(tmp_path: Path) -> None:
    path = pseudonyms_path(tmp_path / "alpha.key")
    path.touch(mode=0o600)
    path.write_text("half a sec")
    with pytest.raises(KeyFileError, match="backup"):
        open_pseudonyms(tmp_path / "alpha.key")
    assert path.read_text() == "half a sec"
