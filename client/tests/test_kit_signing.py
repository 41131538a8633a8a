"""The vector in `vectors/` is shared: the registry verifies the same tokens in its own tests."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from joserfc import jws, jwt
from joserfc.errors import BadSignatureError
from kit_registry import ALGORITHMS, CHECKS, public_key
from kit_tables import IDENTITY, NOW
from sijill_client.keys import PlatformKey, load_key, make_key
from sijill_client.signing import access_token, sign_submission, submission_id

VECTOR = json.loads((Path(__file__).parent / "vectors" / "submission.json").read_text())


def vector_key(tmp_path: Path) -> PlatformKey:
    path = tmp_path / "vector.key"
    path.touch(mode=0o600)
    path.write_text(json.dumps(VECTOR["key_file"]))
    return load_key(path)


def test_the_fixed_vector_is_reproduced_byte_for_byte(tmp_path: Path) -> None:
    key, body = vector_key(tmp_path), VECTOR["body"].encode()
    at = datetime.fromtimestamp(VECTOR["iat"], UTC)
    assert submission_id(key, body) == VECTOR["submission"]
    assert sign_submission(key, VECTOR["submission"], body, at) == VECTOR["token"]
    assert access_token(key, at) == VECTOR["access_token"]


def test_the_protected_header_holds_exactly_what_the_door_asks_for() -> None:
    protected = VECTOR["token"].split(".")[0]
    header = json.loads(base64.urlsafe_b64decode(protected + "=" * (-len(protected) % 4)))
    assert header == {
        "alg": "Ed25519",
        "kid": VECTOR["key_file"]["kid"],
        "typ": "sijill-submission+jws",
        "cty": "application/cloudevents-batch+json",
        "iss": "alpha",
        "jti": VECTOR["submission"],
        "iat": VECTOR["iat"],
    }


@pytest.mark.parametrize("p256", [False, True])
def test_joserfc_verifies_our_detached_token_and_refuses_other_bytes(p256: bool) -> None:
    key, body = make_key("alpha", IDENTITY, p256=p256), '[{"é": 1}]'.encode()
    token = sign_submission(key, "s-1", body, NOW).encode()
    assert token.count(b"..") == 1
    found = jws.deserialize_compact(token, public_key(key), registry=CHECKS, payload=body)
    assert found.headers()["jti"] == "s-1"
    with pytest.raises(BadSignatureError):
        jws.deserialize_compact(token, public_key(key), registry=CHECKS, payload=body + b" ")


def test_the_access_token_names_its_registry_and_lives_four_minutes(key: PlatformKey) -> None:
    token = jwt.decode(access_token(key, NOW), public_key(key), algorithms=ALGORITHMS)
    assert token.header["typ"] == "sijill-access+jwt"
    issued = int(NOW.timestamp())
    expected = {"iss": "alpha", "aud": IDENTITY, "iat": issued, "exp": issued + 240}
    assert token.claims == expected


def test_a_new_key_makes_new_submission_ids(key: PlatformKey) -> None:
    other = make_key("alpha", IDENTITY)
    assert submission_id(key, b"[]") == submission_id(key, b"[]") != submission_id(other, b"[]")
