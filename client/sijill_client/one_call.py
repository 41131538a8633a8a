"""The whole job of a push in one call."""

from collections.abc import Sequence
from pathlib import Path

from sijill_client.keys import load_key
from sijill_client.options import PushOptions
from sijill_client.pseudonyms import open_pseudonyms
from sijill_client.push import PushResult, push_files
from sijill_client.session import new_client


def push(
    files: Sequence[Path], key_file: Path, url: str, options: PushOptions = PushOptions()
) -> PushResult:
    """Reads export files, signs and sends their events, and reads back what became of them.

    As `sijill-client push` does it: the pseudonyms' secret lies beside the key file, and the same
    files again are all repeats. `result.complete` says whether the registry holds everything;
    `SijillError` if key or address are wrong, and nothing was sent. `push_files` takes the parts.
    """
    key, pseudonyms = load_key(key_file), open_pseudonyms(key_file)
    with new_client() as client:
        return push_files(files, key, url, client=client, pseudonyms=pseudonyms, options=options)
