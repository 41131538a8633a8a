"""sijill-client: what a platform runs to report its micro-tasks to a Sijill registry.

`Emitter` signs and sends events; `push_files` does the whole job for crowdwork export files.
"""

from sijill_client.emitter import Emitter, Problem, Report, SubmissionResult
from sijill_client.errors import KeyFileError, SijillError, Unreachable, UnreadableFile
from sijill_client.importers.mapping import load_mapping
from sijill_client.keys import PlatformKey, load_key, make_key, save_key
from sijill_client.options import PushOptions
from sijill_client.pseudonyms import Pseudonyms, open_pseudonyms
from sijill_client.push import PushResult, push_files

__all__ = [
    "Emitter",
    "KeyFileError",
    "PlatformKey",
    "Problem",
    "Pseudonyms",
    "PushOptions",
    "PushResult",
    "Report",
    "SijillError",
    "SubmissionResult",
    "Unreachable",
    "UnreadableFile",
    "load_key",
    "load_mapping",
    "make_key",
    "open_pseudonyms",
    "push_files",
    "save_key",
]
