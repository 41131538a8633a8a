"""Signatures and keys, held to the RFCs' own examples and to an independent library."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwk, jws
from joserfc.errors import BadSignatureError

from events.acts import Ed25519Key, P256Key, PublicJwk
from events.jose import (
    JoseError,
    PrivateKey,
    Verifier,
    b64,
    sign_compact,
    sign_detached,
    signing_input,
    thumbprint,
    unb64,
)
from events.submission import decode_events
from events.token import parse_token

#: `EdDSA` and `Ed25519` are both asked for; joserfc knows no media type of ours.
OUTSIDE = jws.JWSRegistry(algorithms=["Ed25519", "EdDSA", "ES256"], strict_check_header=False)
_VECTOR = Path(__file__).parents[2] / "client" / "tests" / "vectors" / "submission.json"

# RFC 8037 appendix A.
RFC8037 = {
    "kty": "OKP",
    "crv": "Ed25519",
    "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}
# RFC 7515 appendix A.3.
RFC7515_ES256 = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
}
_P256 = 2**256 - 2**224 + 2**192 + 2**96 - 1
_N256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_P25519 = 2**255 - 19


def p256() -> PrivateKey:
    """A new key as hardware holds it."""
    return PrivateKey(ec.generate_private_key(ec.SECP256R1()))


def outside_key(key: PrivateKey) -> Any:
    """A public key as joserfc has it."""
    return jwk.import_key(msgspec.to_builtins(key.jwk))


def test_rfc_8037_signature_and_thumbprint() -> None:
    key = PrivateKey.from_jwk(RFC8037)
    assert key.to_jwk() == RFC8037
    assert key.kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
    assert b64(key.sign(signed.encode())) == (
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    )


def test_rfc_7515_es256_example_verifies() -> None:
    key = PrivateKey.from_jwk(RFC7515_ES256)
    assert key.to_jwk() == RFC7515_ES256
    signed = (
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9"
        "leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    )
    signature = unb64(
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    )
    assert Verifier(key.jwk).verify("ES256", signature, signed.encode())
    assert not Verifier(key.jwk).verify("ES256", signature, signed.encode() + b" ")


def test_thumbprint_of_p256_as_an_independent_library_makes_it() -> None:
    key = p256()
    assert key.kid == outside_key(key).thumbprint()


@pytest.mark.parametrize("make", [PrivateKey.generate, p256])
def test_joserfc_verifies_what_we_sign_and_nothing_else(make: Any) -> None:
    key, body = make(), '[{"é": 1}]'.encode()
    compact = sign_compact(key, {"typ": "t"}, body)
    assert jws.deserialize_compact(compact, outside_key(key), registry=OUTSIDE).payload == body
    detached = sign_detached(key, {"typ": "t"}, body).encode()
    jws.deserialize_compact(detached, outside_key(key), registry=OUTSIDE, payload=body)
    with pytest.raises(BadSignatureError):
        jws.deserialize_compact(detached, outside_key(key), registry=OUTSIDE, payload=body + b" ")


@pytest.mark.parametrize(("make", "name"), [(PrivateKey.generate, "Ed25519"), (p256, "ES256")])
def test_we_verify_what_joserfc_signs(make: Any, name: str) -> None:
    key, body = make(), b"[1]"
    private = jwk.import_key(key.to_jwk())
    token = jws.serialize_compact({"alg": name}, body, private, registry=OUTSIDE)
    protected, _, signature = token.split(".")
    message = signing_input(protected, body)
    assert Verifier(key.jwk).verify(name, unb64(signature), message)
    assert not Verifier(key.jwk).verify(name, unb64(signature), message + b"A")


def test_the_kits_vector_is_read_as_the_kit_wrote_it() -> None:
    """Two distributions that import nothing of each other agree on these bytes."""
    vector = json.loads(_VECTOR.read_text())
    body = vector["body"].encode()
    verifier = Verifier(msgspec.convert(vector["public_jwk"], PublicJwk))
    token = parse_token(vector["token"])
    assert verifier.verify(token.header.alg, token.signature, token.signing_input(body))
    assert not verifier.verify(token.header.alg, token.signature, token.signing_input(body[1:]))
    assert (token.header.kid, token.header.jti) == (verifier.kid, vector["submission"])
    assert (token.header.iss, token.header.iat) == ("alpha", vector["iat"])
    assert [event.id for event in decode_events(body)] == ["day-1"]


def test_both_names_of_ed25519_and_no_name_of_another_key() -> None:
    key, other = PrivateKey.generate(), p256()
    signature, es256 = key.sign(b"m"), other.sign(b"m")
    assert Verifier(key.jwk).verify("EdDSA", signature, b"m")
    for algorithm in ("ES256", "none", "HS256", "ed25519", ""):
        assert not Verifier(key.jwk).verify(algorithm, signature, b"m")
    for algorithm in ("Ed25519", "EdDSA", "ES384", "es256"):
        assert not Verifier(other.jwk).verify(algorithm, es256, b"m")


def test_es256_is_r_and_s_and_never_der() -> None:
    key = p256()
    assert isinstance(key.raw, ec.EllipticCurvePrivateKey)
    verifier, der = Verifier(key.jwk), key.raw.sign(b"m", ec.ECDSA(SHA256()))
    assert not verifier.verify("ES256", der, b"m")
    assert not verifier.verify("ES256", der.rjust(64, b"\0")[:64], b"m")
    assert verifier.verify("ES256", key.sign(b"m"), b"m")


def test_the_mirrored_es256_signature_also_fits_so_no_identity_hangs_on_signatures() -> None:
    """ECDSA is malleable; a submission's identity is (emitter, id, body), never its token."""
    key = p256()
    signature = key.sign(b"m")
    mirrored = _N256 - int.from_bytes(signature[32:])
    assert Verifier(key.jwk).verify("ES256", signature[:32] + mirrored.to_bytes(32), b"m")


def test_ed25519_signatures_have_one_spelling() -> None:
    """RFC 8032: s must be below the group's order."""
    key = PrivateKey.generate()
    signature = key.sign(b"m")
    order = 2**252 + 27742317777372353535851937790883648493
    s = (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")
    assert not Verifier(key.jwk).verify("Ed25519", signature[:32] + s, b"m")


@pytest.mark.parametrize("length", [0, 1, 32, 63, 65, 128])
@pytest.mark.parametrize("make", [PrivateKey.generate, p256])
def test_a_signature_of_another_length_fits_nothing(make: Any, length: int) -> None:
    key = make()
    assert not Verifier(key.jwk).verify(key.algorithm, bytes(length), b"m")


@pytest.mark.parametrize("r", [0, 1, _N256 - 1, _N256, 2**256 - 1])
@pytest.mark.parametrize("s", [0, 1, _N256, 2**256 - 1])
def test_es256_numbers_at_their_bounds_fit_nothing(r: int, s: int) -> None:
    assert not Verifier(p256().jwk).verify("ES256", r.to_bytes(32) + s.to_bytes(32), b"m")


# --- keys --------------------------------------------------------------------------------

#: Every spelling of a point of small order, sign bit and unreduced forms included.
_ORDER_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL = [0, 1, _P25519 - 1, _P25519, _P25519 + 1, _ORDER_8, _P25519 - _ORDER_8]


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("y", _SMALL)
def test_a_key_of_small_order_would_sign_every_message(y: int, sign: int) -> None:
    x = b64((y | sign << 255).to_bytes(32, "little"))
    with pytest.raises(JoseError):
        Verifier(Ed25519Key(crv="Ed25519", x=x))


def test_32_bytes_that_are_no_point_are_no_key() -> None:
    with pytest.raises(JoseError, match="no point"):
        Verifier(Ed25519Key(crv="Ed25519", x=b64((2).to_bytes(32, "little"))))


@pytest.mark.parametrize("_", range(20))
def test_every_generated_key_is_taken(_: int) -> None:
    key = PrivateKey.generate()
    assert Verifier(key.jwk).verify("Ed25519", key.sign(b"m"), b"m")


def _p256_key(x: int, y: int) -> P256Key:
    return P256Key(crv="P-256", x=b64(x.to_bytes(32)), y=b64(y.to_bytes(32)))


def test_p256_points_must_lie_on_the_curve() -> None:
    numbers = ec.derive_private_key(5, ec.SECP256R1()).public_key().public_numbers()
    Verifier(_p256_key(numbers.x, numbers.y))
    for x, y in [(numbers.x, numbers.y ^ 1), (numbers.y, numbers.x), (0, 0), (_P256, _P256)]:
        with pytest.raises(JoseError):
            Verifier(_p256_key(x, y))


def test_a_second_spelling_of_a_p256_key_would_be_a_second_kid() -> None:
    """x and x + p are the same coordinate to OpenSSL; x = 5 has a point on the curve."""
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
    y = pow(5**3 - 3 * 5 + b, (_P256 + 1) // 4, _P256)
    Verifier(_p256_key(5, y))
    with pytest.raises(JoseError, match="not reduced"):
        Verifier(_p256_key(5 + _P256, y))


@pytest.mark.parametrize("x", ["A" * 42 + "B", "A" * 42 + "=", "A" * 42 + "+", "é" * 43, ""])
def test_coordinates_are_canonical_base64url(x: str) -> None:
    with pytest.raises(JoseError):
        Verifier(Ed25519Key(crv="Ed25519", x=x))


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"d": 5},
        RFC8037 | {"d": 5},
        RFC8037 | {"d": None},
        RFC8037 | {"d": RFC8037["d"] + "="},
        RFC8037 | {"d": "AAAA"},
        RFC8037 | {"crv": "X25519"},
        RFC8037 | {"kty": "RSA"},
        RFC7515_ES256 | {"crv": "P-384"},
        RFC7515_ES256 | {"d": b64(bytes(32))},
        RFC7515_ES256 | {"d": b64(_N256.to_bytes(32))},
    ],
)
def test_what_is_no_private_key_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(JoseError):
        PrivateKey.from_jwk(document)


# --- base64url ---------------------------------------------------------------------------


@given(st.binary(max_size=100))
def test_base64url_comes_back(data: bytes) -> None:
    assert unb64(b64(data)) == data


@given(st.text(alphabet="ABab01-_+/= \n\u0661", max_size=9))
def test_bytes_have_one_spelling(text: str) -> None:
    try:
        data = unb64(text)
    except JoseError:
        return
    assert b64(data) == text


@pytest.mark.parametrize("text", ["A", "AB", "AA==", "A-", "+/8", "AAA\n", " AAA", "é", "A\x00AA"])
def test_a_second_spelling_is_refused(text: str) -> None:
    with pytest.raises(JoseError):
        unb64(text)


def test_the_order_of_members_does_not_matter_to_a_thumbprint() -> None:
    """RFC 7638 section 3.3."""
    turned = msgspec.convert(dict(reversed(RFC7515_ES256.items())), PublicJwk)
    assert thumbprint(turned) == PrivateKey.from_jwk(RFC7515_ES256).kid
