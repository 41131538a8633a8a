"""sijill-client: what a platform runs to report its micro-tasks to a Sijill registry.

`Emitter` signs and sends events, and `AsyncEmitter` does so with asyncio; `Outbox` keeps them on
the disk and sends them in the background; `push` does the whole job for crowdwork export files.
"""

from sijill_client.documents import PlatformStatus, Problem, Report
from sijill_client.emitter import AsyncEmitter, Emitter, SubmissionResult
from sijill_client.errors import KeyFileError, OutboxError, SijillError, Unreachable, UnreadableFile
from sijill_client.http import Patience
from sijill_client.importers.mapping import load_mapping
from sijill_client.keys import PlatformKey, load_key, make_key, save_key
from sijill_client.nil import adeclare_nil, declare_nil, nil_event
from sijill_client.one_call import push
from sijill_client.options import PushOptions
from sijill_client.outbox import Outbox, OutboxStatus, RefusedEvent
from sijill_client.pseudonyms import Pseudonyms, open_pseudonyms
from sijill_client.push import PushResult, push_files

__all__ = [
    "AsyncEmitter",
    "Emitter",
    "KeyFileError",
    "Outbox",
    "OutboxError",
    "OutboxStatus",
    "Patience",
    "PlatformKey",
    "PlatformStatus",
    "Problem",
    "Pseudonyms",
    "PushOptions",
    "PushResult",
    "RefusedEvent",
    "Report",
    "SijillError",
    "SubmissionResult",
    "Unreachable",
    "UnreadableFile",
    "adeclare_nil",
    "declare_nil",
    "load_key",
    "load_mapping",
    "make_key",
    "nil_event",
    "open_pseudonyms",
    "push",
    "push_files",
    "save_key",
]
