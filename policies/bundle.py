"""A country's policy files as one thing: checked together, named by one digest.

What counts is the bundle that `policy.adopted` put into the log, so it is made from texts, not
from a disk: the same call reads the files that ship and the files of an act.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from policies.faults import Fault, PolicyError
from policies.meanings import misfits
from policies.parameter import Parameter, Value
from policies.reading import read
from policies.scheme_files import scheme_faults

#: Files of one bundle, UTF-8 bytes of one file and of all together, characters of a path.
FILES_MAX = 256
FILE_BYTES_MAX = 64 * 1024
BUNDLE_BYTES_MAX = 256 * 1024
PATH_CHARS_MAX = 128

_COUNTRY = re.compile(r"[A-Z]{2}")
_PATH = re.compile(r"[a-z][a-z0-9_]*(?:/[a-z][a-z0-9_]*)*\.yaml")
_DIGEST_LABEL = b"sijill-policy-bundle-v1\n"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A country's rules (ISO 3166-1 alpha-2, capitals), and the texts they were read from."""

    country: str
    files: Mapping[str, str]
    digest: str
    parameters: Mapping[str, Parameter]

    @classmethod
    def from_files(cls, country: str, files: Mapping[str, str]) -> "Bundle":
        """Checks everything: `files` maps posix paths (`minimum_wage/hourly.yaml`) to texts.

        Raises PolicyError with every fault of every file.
        """
        if faults := [*_country_faults(country), *_size_faults(files), *_path_faults(files)]:
            raise PolicyError(faults)
        parameters, faults = _read_all(files)
        if faults:
            raise PolicyError(faults)
        kept = {path: files[path] for path in sorted(files)}
        return cls(country, MappingProxyType(kept), digest(kept), MappingProxyType(parameters))

    def at(self, name: str, day: date) -> Value:
        """What the parameter of a dotted name was on a day, also where the files lack it."""
        parameter = self.parameters.get(name)
        if parameter is None:
            return Value(None, note=f"no value known: {self.country} states no {name}")
        return parameter.at(day)


def digest(files: Mapping[str, str]) -> str:
    """`sha256:<hex>` of policy files, for anybody to compute again.

    SHA-256 over the ASCII line `sijill-policy-bundle-v1` with its newline, then for each file, in
    the order of the paths' UTF-8 bytes: length of the path, path, length of the text, text. Paths
    and texts are UTF-8 as they stand (line ends included), lengths are bytes, 8-byte big-endian.
    """
    total = hashlib.sha256(_DIGEST_LABEL)
    for path, text in sorted((path.encode(), text.encode()) for path, text in files.items()):
        for part in (path, text):
            total.update(len(part).to_bytes(8, "big") + part)
    return f"sha256:{total.hexdigest()}"


def _read_all(files: Mapping[str, str]) -> tuple[dict[str, Parameter], list[Fault]]:
    parameters: dict[str, Parameter] = {}
    faults: list[Fault] = []
    for path in sorted(files):
        try:
            parameter = read(path, files[path])
        except PolicyError as error:
            faults += error.faults
        else:
            parameters[parameter.name] = parameter
            faults += misfits(path, parameter)
    return parameters, faults or list(scheme_faults(parameters))


def _country_faults(country: str) -> Iterator[Fault]:
    if not _COUNTRY.fullmatch(country):
        yield Fault(ascii(country), "not an ISO 3166-1 country in capitals, like MA")


def _size_faults(files: Mapping[str, str]) -> Iterator[Fault]:
    if not 1 <= len(files) <= FILES_MAX:
        yield Fault("bundle", f"has {len(files)} files; 1 to {FILES_MAX} are allowed")
    sizes = {path: len(text.encode(errors="surrogatepass")) for path, text in files.items()}
    for path, size in sizes.items():
        if size > FILE_BYTES_MAX:
            yield Fault(ascii(path[:80]), f"has {size} bytes; at most {FILE_BYTES_MAX}")
    if sum(sizes.values()) > BUNDLE_BYTES_MAX:
        yield Fault("bundle", f"has {sum(sizes.values())} bytes; at most {BUNDLE_BYTES_MAX}")


def _path_faults(files: Mapping[str, str]) -> Iterator[Fault]:
    """Only names that are safe on every disk: the files of an act may be written out again."""
    for path in files:
        if len(path) > PATH_CHARS_MAX or not _PATH.fullmatch(path):
            yield Fault(
                ascii(path[:80]), "not a policy path, like minimum_wage/hourly.yaml (small letters)"
            )
