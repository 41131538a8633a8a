"""The protected header is exactly RULES 1.2: any deviation falls before a key is looked at."""

import json
from typing import Any

import pytest

from events.errors import Reason, Refused
from events.jose import PrivateKey, b64
from events.limits import TOKEN_CHARS_MAX
from events.token import parse_token, sign_submission

_KEY = PrivateKey.generate()
_TOKEN = sign_submission(_KEY, emitter="alpha", submission="s-1", at=1_772_366_400, body=b"[]")
_HEADER = {
    "alg": "Ed25519",
    "kid": _KEY.kid,
    "typ": "sijill-submission+jws",
    "cty": "application/cloudevents-batch+json",
    "iss": "alpha",
    "jti": "s-1",
    "iat": 1_772_366_400,
}
_SIGNATURE = b64(bytes(64))


def refused(text: str) -> Refused:
    with pytest.raises(Refused) as caught:
        parse_token(text)
    assert caught.value.reason is Reason.MALFORMED
    return caught.value


def spelled(header: str) -> str:
    """A token of any header text."""
    return f"{b64(header.encode())}..{_SIGNATURE}"


def changed(**members: Any) -> str:
    return spelled(json.dumps(_HEADER | members))


def test_a_right_token_is_taken_apart() -> None:
    token = parse_token(_TOKEN)
    assert token.header.iss == "alpha"
    assert parse_token(spelled(json.dumps(_HEADER))).header == token.header
    assert token.signing_input(b"[]").decode() == f"{token.protected}.W10"


@pytest.mark.parametrize("member", _HEADER)
def test_every_member_is_required(member: str) -> None:
    refused(spelled(json.dumps({k: v for k, v in _HEADER.items() if k != member})))
    refused(changed(**{member: None}))


@pytest.mark.parametrize("member", _HEADER)
def test_no_member_stands_twice_in_any_spelling(member: str) -> None:
    value = json.dumps(_HEADER[member])
    whole = json.dumps(_HEADER)[:-1]
    refused(spelled(f'{whole},"{member}":{value}}}'))
    refused(spelled(f'{whole},"\\u{ord(member[0]):04x}{member[1:]}":{value}}}'))


@pytest.mark.parametrize(
    "extra",
    [
        {"crit": ["exp"]},
        {"crit": []},
        {"b64": True},
        {"b64": False, "crit": ["b64"]},
        {"jwk": {}},
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/cert"},
        {"x5c": []},
        {"exp": 1},
        {"": 1},
    ],
)
def test_no_other_member_stands(extra: dict[str, Any]) -> None:
    refused(changed(**extra))


@pytest.mark.parametrize(
    "alg", ["none", "None", "HS256", "ed25519", "EDDSA", "es256", "ES384", "RS256", "Ed25519 ", ""]
)
def test_other_algorithms_are_refused(alg: str) -> None:
    refused(changed(alg=alg))


@pytest.mark.parametrize("alg", ["Ed25519", "EdDSA", "ES256"])
def test_three_names_of_algorithms_are_known(alg: str) -> None:
    assert parse_token(changed(alg=alg)).header.alg == alg


@pytest.mark.parametrize(
    "member",
    [
        {"typ": "JWT"},
        {"typ": "sijill-access+jwt"},
        {"typ": "SIJILL-SUBMISSION+JWS"},
        {"cty": "application/json"},
        {"iss": "Alpha"},
        {"iss": "alpha\n"},
        {"iss": ""},
        {"iss": "a" * 33},
        {"iss": "-a"},
        {"iss": "a-"},
        {"iss": "a/b"},
        {"kid": 5},
        {"jti": 5},
    ],
)
def test_types_and_names_are_exact(member: dict[str, Any]) -> None:
    refused(changed(**member))


@pytest.mark.parametrize(
    "jti", ["", "a" * 65, "a b", "a\n", "\na", "a/b", "é", "١", "a\x00", "a:b"]
)
def test_a_submission_id_is_64_plain_characters(jti: str) -> None:
    refused(changed(jti=jti))


def test_the_longest_submission_id_is_taken() -> None:
    assert parse_token(changed(jti="aZ09._-" + "x" * 57)).header.jti.endswith("x")


@pytest.mark.parametrize(
    "iat",
    ["1772366400.0", "1e9", '"1772366400"', "true", "null", "-1", "253402300800", "9" * 300, "NaN"],
)
def test_iat_is_whole_seconds_that_a_clock_can_say(iat: str) -> None:
    """A huge one raised OverflowError in the door, before any signature was looked at."""
    refused(spelled(json.dumps(_HEADER).replace("1772366400", iat)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "...",
        "a..b",
        _TOKEN + "=",
        _TOKEN + "\n",
        " " + _TOKEN,
        _TOKEN.replace("..", ". ."),
        _TOKEN.replace("..", ".W10."),
        _TOKEN.replace("..", "..."),
        _TOKEN + "." + _SIGNATURE,
        _TOKEN.replace("..", "=.."),
        _TOKEN.replace("..", "é.."),
        "é" + _TOKEN,
        f"{b64(b'[]')}..{_SIGNATURE}",
        f"{b64(b'null')}..{_SIGNATURE}",
        f"{b64(b'[' * 150)}..{_SIGNATURE}",
        f"{b64(json.dumps(_HEADER).encode('utf-16'))}..{_SIGNATURE}",
        f"{b64(json.dumps(_HEADER).encode().replace(b'alpha', b'alph' + bytes([255])))}..",
        f"{b64(b'{}' + json.dumps(_HEADER).encode())}..{_SIGNATURE}",
    ],
)
def test_a_token_has_one_form(text: str) -> None:
    refused(text)


def test_a_last_character_with_loose_bits_is_a_second_spelling() -> None:
    """64 bytes end in four bits that say nothing: another letter there is another token."""
    assert parse_token(_TOKEN[:-1] + "A").signature
    refused(_TOKEN[:-1] + "B")


def test_the_longest_header_of_an_emitter_fits_the_limit_of_a_token() -> None:
    longest = sign_submission(
        _KEY, emitter="e" * 32, submission="s" * 64, at=253_402_300_799, body=b""
    )
    assert len(longest) <= TOKEN_CHARS_MAX
    assert "longer" in refused(_TOKEN + "A" * TOKEN_CHARS_MAX).detail
