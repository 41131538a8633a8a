"""A folder of policy files to texts: the only part of `policies` that touches a disk."""

from pathlib import Path

from policies.bundle import FILE_BYTES_MAX, FILES_MAX
from policies.faults import Fault, PolicyError

_FOREIGN_SUFFIXES = {".yml", ".json"}


def read_folder(folder: Path) -> dict[str, str]:
    """Relative posix path to text of every `*.yaml` below a folder, in the order of the paths.

    Texts are the bytes as they stand, so the digest is that of the disk. Other files (a readme)
    are left alone, but a rule with the wrong ending is refused: it would be missing unnoticed.
    Raises PolicyError naming every file that cannot be read.
    """
    if not folder.is_dir():
        raise PolicyError([Fault(str(folder), "is not a folder")])
    texts: dict[str, str] = {}
    faults: list[Fault] = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        try:
            if path.is_symlink():
                raise PolicyError([Fault(name, "is a link; put the file itself here")])
            if path.suffix == ".yaml":
                texts[name] = _text(path, name)
            elif path.suffix in _FOREIGN_SUFFIXES:
                raise PolicyError([Fault(name, "a policy file must end in .yaml")])
        except PolicyError as error:
            faults += error.faults
        if len(texts) > FILES_MAX:
            faults.append(Fault(str(folder), f"has more than {FILES_MAX} policy files"))
            break
    if faults:
        raise PolicyError(faults)
    return dict(sorted(texts.items()))


def _text(path: Path, name: str) -> str:
    if not path.is_file():
        raise PolicyError([Fault(name, "is not a plain file")])
    with path.open("rb") as stream:
        content = stream.read(FILE_BYTES_MAX + 1)
    if len(content) > FILE_BYTES_MAX:
        raise PolicyError([Fault(name, f"has more than {FILE_BYTES_MAX} bytes")])
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise PolicyError([Fault(name, "is not UTF-8; save it as UTF-8", line)]) from error
