"""The classes that Kafka loads, parsed once for all starts (class data sharing, JEP 350).

Without it a start spends about half its processor time on nine thousand classes.
"""

import fcntl
import hashlib
import signal
import tempfile
from pathlib import Path

from deploy.kafka.listeners import Ports, as_bound
from deploy.kafka.node import START_SECONDS, Node
from deploy.kafka.programs import Programs, java_version
from deploy.kafka.properties import properties

#: Seconds within which the trial node writes the archive and ends.
_DUMP_SECONDS = 120.0
#: Any will do: the trial node's data are thrown away.
_CLUSTER_ID = "AAAAAAAAAAAAAAAAAAAAAA"


def class_archive(programs: Programs) -> Path:
    """The archive for this Java and these jars, made by a trial node if there is none yet.

    A Java that cannot make one leaves an empty file, which every Java ignores.
    """
    said = java_version(programs.java)
    name = f"classes-{hashlib.sha256(said.encode()).hexdigest()[:12]}.jsa"
    archive = programs.jars / name
    if archive.exists():
        return archive
    with (programs.jars / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not archive.exists():
            with tempfile.TemporaryDirectory(prefix="trial-", dir=programs.jars) as trial:
                made = Path(trial, name)
                _run_trial(programs, Path(trial), made)
                made.touch()
                made.rename(archive)
    return archive


def _run_trial(programs: Programs, folder: Path, archive: Path) -> None:
    node, ports = Node(folder, 1), Ports(1, (), None)
    settings = properties(1, ports, as_bound, {})
    try:
        node.configure(settings)
        node.format(programs, _CLUSTER_ID, settings)
        node.launch(programs, [f"-XX:ArchiveClassesAtExit={archive}"])
        node.wait(START_SECONDS)
        node.signal(signal.SIGTERM)
        node.ended(_DUMP_SECONDS)
    finally:
        node.kill()
        ports.let_go()
