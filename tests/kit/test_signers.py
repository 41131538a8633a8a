"""The signers on the pages, in every language that this machine has, at a real door."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from sijill_client.keys import load_key
from sijill_client.pseudonyms import open_pseudonyms
from sijill_client.signing import CONTENT_TYPE

from tests.kit.conftest import Answering
from tests.support.plain import PLAIN
from tests.support.programs import needed

SIGNERS = Path(__file__).parents[2] / "docs" / "platforms" / "signers"
NODE = Path(__file__).parent / "node"
_SECONDS = 180
_BRIEF = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


@dataclass(frozen=True)
class Programs:
    """How the two programs of a language are called: with the words of their first lines."""

    sign: list[str]
    bearer: list[str]


def python(folder: Path) -> Programs:
    return _both(sys.executable, ending=".py")


def node(folder: Path) -> Programs:
    needed("node")
    return _both("node", ending=".mjs")


def go(folder: Path) -> Programs:
    needed("go")
    for name in ("sign", "bearer"):
        _run(["go", "build", "-o", str(folder / name), str(SIGNERS / f"{name}.go")])
    return Programs([str(folder / "sign")], [str(folder / "bearer")])


def java(folder: Path) -> Programs:
    needed("java", "javac")
    # What runs for a second is not worth optimising.
    files = [str(SIGNERS / "Sign.java"), str(SIGNERS / "Bearer.java")]
    _run(["javac", *(f"-J{one}" for one in _BRIEF), "-d", str(folder), *files])
    run = ["java", *_BRIEF, "-cp", str(folder)]
    return Programs([*run, "Sign"], [*run, "Bearer"])


def shell(folder: Path) -> Programs:
    needed("bash", "openssl", "curl")
    return _both("bash", ending=".sh")


def _both(*command: str, ending: str) -> Programs:
    sign, bearer = ([*command, str(SIGNERS / f"{name}{ending}")] for name in ("sign", "bearer"))
    return Programs(sign, bearer)


LANGUAGES: tuple[Callable[[Path], Programs], ...] = (python, node, go, java, shell)


def _run(command: list[str]) -> str:
    # Nothing is fetched and no other toolchain is looked for.
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOPROXY": "off", "GOFLAGS": "-mod=mod"}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=_SECONDS, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@dataclass
class Signing:
    """Two platforms, one with each kind of key, and a client."""

    registry: Answering
    key_files: dict[str, Path]
    http: httpx.AsyncClient

    async def post(self, token: str, body: bytes) -> httpx.Response:
        """One submission, its receipt waited for."""
        headers = {
            "Content-Type": CONTENT_TYPE,
            "Submission-Signature": token,
            "Prefer": "wait=20",
        }
        return await self.http.post("/v1/submissions", content=body, headers=headers)


@pytest.fixture(scope="module")
async def signing(
    registry: Answering, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Signing]:
    folder = tmp_path_factory.mktemp("keys")
    keys = {
        name: await registry.platform(name, folder, p256=name == "es256")
        for name in ("ed25519", "es256")
    }
    async with httpx.AsyncClient(base_url=registry.url, verify=PLAIN, timeout=60) as http:
        yield Signing(registry, keys, http)


def body_of(emitter: str, name: str) -> bytes:
    event = {
        "specversion": "1.0",
        "id": name,
        "source": f"/emitters/{emitter}",
        "type": "task.completed.v1",
        "time": "2026-03-04T09:00:00Z",
        "data": {"task": name, "worker": "w-7f3a", "seconds": 60, "title": "déjà\u2028vu"},
    }
    return json.dumps([event], ensure_ascii=False, indent=1).encode() + b"\n"


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda made: made.__name__)
async def test_a_signer_signs_with_both_kinds_of_keys_and_reads_its_report(
    signing: Signing, language: Callable[[Path], Programs], tmp_path: Path
) -> None:
    programs = await asyncio.to_thread(language, tmp_path)
    for emitter, key_file in signing.key_files.items():
        name = f"{language.__name__}-1"
        body = tmp_path / f"{emitter}.json"
        body.write_bytes(body_of(emitter, name))
        sign = [*programs.sign, str(key_file), name, str(body)]
        token = await asyncio.to_thread(_run, sign)
        answer = await signing.post(token, body.read_bytes())
        assert (answer.status_code, answer.json()["outcome"]) == (201, "counted"), answer.text
        other = await signing.post(token, body.read_bytes().replace(b"60", b"61"))
        assert other.json()["type"] == "urn:sijill:problem:bad-signature"

        read = await asyncio.to_thread(_run, [*programs.bearer, str(key_file)])
        bearer = {"Authorization": f"Bearer {read}"}
        place = f"/v1/emitters/{emitter}/submissions/{name}"
        report = await signing.http.get(place, headers=bearer)
        assert report.json()["submission"] == name, report.text


@pytest.mark.parametrize("worker", ["user-17", "A2EXAMPLE0001", "A17", "é", ""])
def test_nodes_pseudonyms_are_the_kits(tmp_path: Path, worker: str) -> None:
    needed("node")
    made = open_pseudonyms(tmp_path / "platform.key")
    words = [str(SIGNERS / "pseudonym.mjs"), str(tmp_path / "platform.key.pseudonyms"), worker]
    assert _run(["node", *words]) == made.worker(worker)


async def _pushed(signing: Signing, tmp_path: Path, submission: str, batch: bytes) -> None:
    body = tmp_path / "batch.json"
    body.write_bytes(batch)
    sign = [*python(tmp_path).sign, str(signing.key_files["ed25519"]), submission, str(body)]
    answer = await signing.post(await asyncio.to_thread(_run, sign), batch)
    assert (answer.status_code, answer.json()["outcome"]) == (201, "counted"), answer.text
    key = load_key(signing.key_files["ed25519"])
    ids = [event["id"] for event in json.loads(batch)]
    found = await signing.registry.event_ids(key)
    assert [one for one in found if one in ids] == ids


async def test_a_batch_of_pythons_cloudevents_package_is_accepted(
    signing: Signing, tmp_path: Path
) -> None:
    def event(number: int) -> CloudEvent:
        attributes: dict[str, Any] = {
            "id": f"pypi-{number}",
            "source": "/emitters/ed25519",
            "type": "task.completed.v1",
            "time": datetime(2026, 3, 4, 9, tzinfo=UTC),
            "datacontenttype": "application/json",
        }
        data = {"task": f"pypi-{number}", "worker": "w-7f3a", "seconds": 60}
        return CloudEvent(attributes=attributes, data=data)

    batch = b"[" + b",".join(JSONFormat().write(event(number)) for number in (1, 2)) + b"]"
    await _pushed(signing, tmp_path, "pypi", batch)


async def test_a_batch_of_npms_cloudevents_package_is_accepted(
    signing: Signing, tmp_path: Path
) -> None:
    await _pushed(signing, tmp_path, "npm", (NODE / "batch.json").read_bytes())


def test_that_batch_is_what_npms_package_makes(tmp_path: Path) -> None:
    needed("node", "npm")
    folder = shutil.copytree(NODE, tmp_path / "node")
    quietly = ("--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund")
    done = subprocess.run(
        ["npm", "ci", *quietly, "--fetch-retries=1", "--fetch-timeout=20000"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        # A network is no language: the batch that it made once is pushed all the same.
        pytest.skip(f"npm cannot install cloudevents: IT IS NOT TESTED\n{done.stderr[-300:]}")
    made = _run(["node", str(folder / "batch.cjs"), "/emitters/ed25519"])
    assert made == (NODE / "batch.json").read_text().strip()
