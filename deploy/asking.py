"""Reading the registry's API as whoever holds a key: fresh tokens, clear refusals."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import httpx

from deploy.keyfiles import KeyFile
from events.access import sign_access
from events.errors import Fatal

#: Seconds after which a token is made anew (it lives five minutes), and to wait for an answer.
_TOKEN_SECONDS, _ANSWER_SECONDS = 120.0, 120.0
#: Seconds to wait until an act is folded, and between two looks.
_FOLD_SECONDS, _LOOK_SECONDS = 20.0, 0.1


class Refusal(ValueError):
    """The registry would not answer; the text is its reason."""


class Asking:
    """The API at an address, read as the emitter of a key."""

    def __init__(self, url: str, signer: KeyFile, client: httpx.Client) -> None:
        self._url, self._signer, self._client = url.rstrip("/"), signer, client
        self._token, self._made_at = "", float("-inf")

    def get(self, path: str, **parameters: Any) -> httpx.Response:
        """The whole answer; `Refusal` if it is a problem."""
        with self.stream(path, **parameters) as answer:
            answer.read()
            return answer

    def document(self, path: str, **parameters: Any) -> Any:
        """The JSON document of an answer."""
        return self.get(path, **parameters).json()

    @contextmanager
    def stream(self, path: str, **parameters: Any) -> Iterator[httpx.Response]:
        """The answer as it comes; `Refusal` if it is a problem."""
        asked = {name: value for name, value in parameters.items() if value is not None}
        headers = {"Authorization": f"Bearer {self._bearer()}"}
        with self._client.stream("GET", self._url + path, params=asked, headers=headers) as answer:
            if answer.status_code != httpx.codes.OK:
                answer.read()
                raise Refusal(_reason(answer))
            yield answer

    def _bearer(self) -> str:
        if time.monotonic() - self._made_at > _TOKEN_SECONDS:
            self._made_at = time.monotonic()
            described = self._client.get(f"{self._url}/v1/registry").raise_for_status().json()
            self._token = sign_access(
                self._signer.key,
                emitter=self._signer.emitter,
                registry=described["identity"],
                # The registry's own time: its clock is the one that judges the token.
                at=datetime.fromisoformat(described["time"]),
            )
        return self._token

    def effect_of(self, submission: str) -> list[str]:
        """Wait until a submission of one's own is folded; what was wrong, in words."""
        path = f"/v1/emitters/{self._signer.emitter}/submissions/{submission}"
        until = time.monotonic() + _FOLD_SECONDS
        while not (report := self.document(path))["folded"]:
            if time.monotonic() > until:
                raise Fatal("the act is kept, but the views have not folded it yet")
            time.sleep(_LOOK_SECONDS)
        return [
            f"{one['rule']}: {one['text']} {one['remedy']}"
            for one in report["anomalies"]
            if report["code"]
        ]


def _reason(answer: httpx.Response) -> str:
    try:
        return f"{answer.json()['detail']} (status {answer.status_code})"
    except (ValueError, KeyError, TypeError):
        return f"the registry answered {answer.status_code}"


@contextmanager
def asking(url: str, signer: KeyFile) -> Iterator[Asking]:
    """Open the API for a while."""
    with httpx.Client(timeout=_ANSWER_SECONDS) as client:
        yield Asking(url, signer, client)
