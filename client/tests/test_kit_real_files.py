"""The real export files, against the counts that their own README states."""

import csv
import gzip
import io
import json
import random
import re
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from kit_tables import NOW
from sijill_client.batches import ReadyEvent, batches
from sijill_client.importers.detect import table_format
from sijill_client.importers.merge import Reading
from sijill_client.importers.source import sources
from sijill_client.importers.table import read_table
from sijill_client.importers.times import read_time
from sijill_client.options import TASK_GROUPS, PushOptions
from sijill_client.pseudonyms import Pseudonyms
from sijill_client.reader import Reader
from sijill_client.work_events import events_of

from events.limits import BODY_BYTES_MAX, EVENTS_MAX
from events.scalars import TaskGroup
from events.vocabulary import MAY_SIGN, AnyEvent, EmitterKind

SOURCE = "/emitters/alpha"


def files_of(crowdwork: Path) -> list[Path]:
    return sorted(path for path in crowdwork.iterdir() if path.suffix != ".md")


def read(files: list[Path]) -> Reading:
    reader = Reader("auto", SOURCE, Pseudonyms(b"\x01" * 32), NOW)
    reader.read(files, lambda phase, done, total: None)
    return reader.reading


@pytest.fixture(scope="module")
def reading(crowdwork: Path) -> Reading:
    return read(files_of(crowdwork))


@pytest.fixture(scope="module")
def made(reading: Reading) -> list[ReadyEvent]:
    return list(events_of(reading, PushOptions(), SOURCE))


def stated_counts(readme: str) -> dict[str, tuple[int, dict[str, int]]]:
    """Rows, and assignments by status, of each file in the README's tables."""
    found = {}
    for line in readme.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if cells[0] == "" and len(cells) > 6 and "__" in cells[1]:
            status = {name: int(n) for name, n in re.findall(r"([a-z][a-z -]*?) (\d+)", cells[6])}
            found[cells[1]] = int(cells[4]), status
    return found


def test_all_files_together_count_as_the_readme_says(reading: Reading) -> None:
    assert reading.by_status() == {
        "approved": 17_756 + 544 + 1_282,
        "rejected": 200 + 5,
        "submitted": 13_879,
        "awaiting review": 64,
        "returned": 149,
        "timed-out": 22,
        "expired": 89,
        "none": 19_368,
    }
    assert sum(reading.by_status().values()) == 53_358
    assert (reading.files, reading.rows) == (103, 59_138)
    assert reading.repeated_rows == 297 + (6_854 - 1_371)
    assert (reading.sandbox(), reading.overturned()) == (865, 23)
    assert not reading.faults
    assert not reading.bad_files
    assert not reading.bad_cells
    assert not reading.notes


def test_each_file_alone_counts_as_the_readme_says(crowdwork: Path) -> None:
    stated = stated_counts((crowdwork / "README.md").read_text())
    assert len(stated) == 103
    for name, (rows, status) in stated.items():
        alone = read([crowdwork / name])
        assert (name, alone.rows, alone.by_status()) == (name, rows, status)


def test_each_file_is_known_by_its_columns_as_what_its_name_says(crowdwork: Path) -> None:
    for path in files_of(crowdwork):
        (source,) = sources(path, lambda more: None)
        found = table_format(read_table(source).columns, "auto")
        assert found.name == path.name.split("__")[0]


def test_working_time_is_summed_as_the_readme_says(crowdwork: Path, reading: Reading) -> None:
    """Judgments of a CrowdFlower page share one time; what runs on until the export is none."""
    pages = set()
    for path in crowdwork.glob("crowdflower*"):
        with path.open(newline="", encoding="utf-8") as text:
            for row in csv.DictReader(text):
                pages.add((row["_worker_id"], row["_started_at"], row["_created_at"]))
    seconds = sum(
        (read_time(created).moment - read_time(started).moment).total_seconds()
        for _, started, created in pages
    )
    works = list(reading.spool.assignments("all"))
    judged = [one.seconds for one in works if one.page and one.seconds is not None]
    assert (len(judged), sum(judged)) == (len(pages), seconds)
    dropped = [one for one in works if one.verdict.meaning in ("returned", "expired")]
    assert {one.seconds for one in dropped if one.submitted is None} == {None}


def test_the_order_in_which_files_are_named_does_not_matter(crowdwork: Path) -> None:
    files = sorted(crowdwork.glob("mturk-web__cerenali*"))
    one, other = (
        list(events_of(read(order), PushOptions(), SOURCE)) for order in (files, files[::-1])
    )
    assert one == other


def test_the_registry_knows_every_event_and_a_platform_may_sign_it(made: list[ReadyEvent]) -> None:
    may = MAY_SIGN[EmitterKind.PLATFORM]
    decoder = msgspec.json.Decoder(AnyEvent)
    for event in made:
        assert type(decoder.decode(event.body)) in may
    assert len({event.id for event in made}) == len(made)


def test_decisions_make_the_events_that_they_should(made: list[ReadyEvent]) -> None:
    kinds = Counter(event.type.removesuffix(".v1") for event in made)
    contracts = kinds.pop("contract.published")
    assert 0 < contracts < 31_835
    returned_after_submitting = 7
    assert kinds == {
        "task.completed": 31_835 + (544 + 64 + 5 + returned_after_submitting) + 1_282 + 19_368,
        "task.returned": 149,
        "task.expired": 22 + 89,
        "task.approved": 17_756 + 544 + 1_282,
        "rejection.issued": 200 + 23 + 5,
        "rejection.withdrawn": 23,
    }


def test_submissions_keep_the_doors_limits(made: list[ReadyEvent]) -> None:
    cut = list(batches(made))
    assert sum(batch.events for batch in cut) == len(made)
    assert all(batch.events <= EVENTS_MAX for batch in cut)
    assert all(len(batch.body) <= BODY_BYTES_MAX for batch in cut)
    assert len(msgspec.json.decode(cut[0].body)) == cut[0].events


def test_no_word_of_feedback_and_no_workers_id_leaves_the_platform(
    crowdwork: Path, made: list[ReadyEvent]
) -> None:
    sent = b"".join(event.body for event in made)
    text = (crowdwork / "mturk-web__ligurio__race-number-tagger__01.csv").read_text()
    workers = set(re.findall(r'"(A[0-9A-F]{14})"', text))
    assert len(workers) > 10
    assert not [worker for worker in workers if worker.encode() in sent]
    table = csv.DictReader(io.StringIO(text, newline=""))
    feedback = {row["RequesterFeedback"][:20] for row in table}
    telling = {words for words in feedback if len(words) == 20}
    assert telling
    assert not [words for words in telling if words.encode() in sent]


def test_the_kit_and_the_registry_name_the_same_task_groups() -> None:
    assert set(TASK_GROUPS) == {group.value for group in TaskGroup}


def _shuffled(path: Path, folder: Path, seed: int) -> Path:
    """The file with its columns in another order, another separator, line end and encoding."""
    chance = random.Random(seed)
    text = path.read_bytes().decode()
    lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text)))
    order = chance.sample(range(len(lines[0])), len(lines[0]))
    copy = io.StringIO(newline="")
    written = csv.writer(
        copy, delimiter=chance.choice(";|\t"), lineterminator=chance.choice(["\r", "\n", "\r\n"])
    )
    for line in lines:
        filled = line + [""] * (len(order) - len(line))
        written.writerow([filled[place] for place in order])
    body = copy.getvalue().encode(chance.choice(["utf-8-sig", "utf-16", "utf-16-be", "utf-8"]))
    (folder / f"{path.name}.gz").write_bytes(gzip.compress(body))
    return folder / f"{path.name}.gz"


def _separator(text: str) -> str:
    return "\t" if "\t" in text.partition("\n")[0] else ","


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "name",
    [
        "mturk-web__NETS-213-inthekNOW__inthekNOW__01.csv",
        "mturk-clt__mllewis__RC__04.csv",
        "mturk-clt__hawkrobe__Q_and_A__07.results",
        "mturk-hitresults__hawkrobe__Q_and_A__01.csv",
        "prolific__shirdekel__thesis__06.csv",
        "crowdflower__hchittela__nets213-project__03.csv",
    ],
)
def test_a_copy_in_another_shape_makes_the_same_events(
    crowdwork: Path, tmp_path: Path, name: str, seed: int
) -> None:
    """But for workers who are running numbers: those belong to the bytes of their file."""
    files = [crowdwork / name, _shuffled(crowdwork / name, tmp_path, seed)]
    made = []
    for path in files:
        found = [json.loads(one.body) for one in events_of(read([path]), PushOptions(), SOURCE)]
        made.append([one | {"data": one["data"] | {"worker": ""}} for one in found])
    assert made[0] == made[1]
    assert len(made[0]) > 20
