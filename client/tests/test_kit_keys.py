import json
import os
from pathlib import Path

import pytest
from kit_tables import IDENTITY
from sijill_client.errors import KeyFileError
from sijill_client.keys import load_key, make_key, save_key, thumbprint


@pytest.mark.parametrize("p256", [False, True])
def test_a_saved_key_loads_and_signs_as_before(tmp_path: Path, p256: bool) -> None:
    key = make_key("alpha", IDENTITY, p256=p256)
    save_key(key, tmp_path / "alpha.key")
    loaded = load_key(tmp_path / "alpha.key")
    assert (loaded.emitter, loaded.kid, loaded.registry) == ("alpha", key.kid, IDENTITY)
    assert loaded.alg == ("ES256" if p256 else "Ed25519")
    assert len(loaded.sign(b"x")) == 64


def test_the_thumbprint_is_that_of_rfc_8037_appendix_a3() -> None:
    x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert thumbprint({"crv": "Ed25519", "kty": "OKP", "x": x}) == (
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    )


def test_a_key_file_is_private_from_its_first_byte_and_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "alpha.key"
    save_key(make_key("alpha", IDENTITY), path)
    before = path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(KeyFileError, match="exists already"):
        save_key(make_key("alpha", IDENTITY), path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["alpha.key"]


def test_a_key_that_others_can_read_is_refused_with_the_command_that_mends_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "alpha.key"
    save_key(make_key("alpha", IDENTITY), path)
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match=r"mode 0640.*chmod 600"):
        load_key(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kid": "x" * 43}, "thumbprint"),
        ({"emitter": "Not An Emitter"}, "emitter's id"),
        ({"registry": "here"}, "64 hex digits"),
        ({"key": {"kty": "RSA"}}, "private JWK"),
        ({"key": {"kty": "OKP", "crv": "Ed25519", "d": "é"}}, "private JWK"),
        ({"key": 1}, "not a key file"),
    ],
)
def test_a_damaged_key_file_says_what_is_wrong_and_never_shows_the_key(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    path = tmp_path / "alpha.key"
    save_key(make_key("alpha", IDENTITY), path)
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | change))
    with pytest.raises(KeyFileError, match=message) as raised:
        load_key(path)
    assert document["key"]["d"] not in str(raised.value)


def test_a_key_never_shows_its_private_half() -> None:
    assert "private" not in repr(make_key("alpha", IDENTITY))
