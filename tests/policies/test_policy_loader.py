"""Reading a folder: the bytes as they stand, and nothing from outside it."""

from pathlib import Path

import pytest

from policies.bundle import FILE_BYTES_MAX
from policies.faults import PolicyError
from policies.loader import read_folder


def test_texts_are_the_bytes_on_disk_in_the_order_of_paths(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x.yaml").write_bytes("é: 1\r\n".encode())
    (tmp_path / "a.yaml").write_bytes(b"a: 1\n")
    (tmp_path / "README.md").write_bytes(b"\xff not a rule")
    assert list(read_folder(tmp_path).items()) == [("a.yaml", "a: 1\n"), ("b/x.yaml", "é: 1\r\n")]


def test_a_file_that_is_not_utf8_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"a: 1\nb: \xe9\n")
    (tmp_path / "b.yaml").write_bytes(b"\xff")
    with pytest.raises(PolicyError) as caught:
        read_folder(tmp_path)
    assert str(caught.value).splitlines() == [
        "a.yaml, line 2: is not UTF-8; save it as UTF-8",
        "b.yaml, line 1: is not UTF-8; save it as UTF-8",
    ]


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"#" * (FILE_BYTES_MAX + 1))
    with pytest.raises(PolicyError, match=f"a.yaml: has more than {FILE_BYTES_MAX} bytes"):
        read_folder(tmp_path)


@pytest.mark.parametrize("link", ["a.yaml", "minimum_wage"])
def test_a_link_is_refused_be_it_file_or_folder(tmp_path: Path, link: str) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / link).symlink_to(tmp_path / "outside")
    with pytest.raises(PolicyError, match=f"{link}: is a link"):
        read_folder(tmp_path / "rules")


def test_a_folder_named_like_a_rule_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").mkdir()
    with pytest.raises(PolicyError, match="is not a plain file"):
        read_folder(tmp_path)


def test_a_rule_with_the_wrong_ending_is_not_lost_in_silence(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("a: 1\n")
    with pytest.raises(PolicyError, match=r"a.yml: a policy file must end in \.yaml"):
        read_folder(tmp_path)


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="is not a folder"):
        read_folder(tmp_path / "none")
