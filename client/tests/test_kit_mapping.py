"""Tables of platforms that the kit does not know: the mapping, its first draft, the dry run."""

import json
import sys
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pyarrow as arrow
import pytest
from click.testing import Result
from kit_reading import PSEUDONYMS, all_events, events, file_of, read, reasons
from kit_tables import IDENTITY
from pyarrow import parquet
from sijill_client import cli
from sijill_client.dry_run import FIELDS
from sijill_client.errors import UnreadableFile
from sijill_client.importers.guess import guess_mapping
from sijill_client.importers.mapping import load_mapping
from sijill_client.keys import make_key, save_key
from typer.testing import CliRunner

from events.vocabulary import BY_TYPE, data_type_of

SHEET = "\r\n".join(
    (
        "Order No;Rater;Etat;Ouvert;Rendu;Min;Gain;Projet",
        "S-1;ahmed-7;Accepté;13/04/2025 10:02;13/04/2025 10:10;7,5;1 234,50;P1",
        "S-2;ahmed-7;Refusé;04/05/2025 10:02;04/05/2025 10:10;8;0,15;P1",
        "S-3;sara-9;En attente;04/05/2025 10:02;04/05/2025 10:12;;0,15;P1",
        "S-4;sara-9;Abandonné;04/05/2025 10:02;;;;P1",
    )
)
MAPPING = """
columns:
  task: Order No
  worker: Rater
  status: Etat
  started: Ouvert
  submitted: Rendu
  seconds: Min
  amount: Gain
  contract: Projet
status:
  Accepté: approved
  Refusé: rejected
  En attente: submitted
  Abandonné: returned
values: {currency: MAD, residence: MA, task_group: transcription}
times: {order: day-first, zone: Africa/Casablanca}
numbers: {decimal: comma, time_unit: minutes}
"""


def test_a_sheet_of_an_unknown_platform_becomes_events(tmp_path: Path) -> None:
    (tmp_path / "sheet.csv").write_bytes(SHEET.encode("cp1252"))
    mapping = load_mapping(file_of(tmp_path / "map.yaml", MAPPING))
    reading = read([tmp_path / "sheet.csv"], mapping=mapping)
    assert reading.by_status() == {"accepté": 1, "refusé": 1, "en attente": 1, "abandonné": 1}
    assert (reading.zoneless, reasons(reading)) == (0, [])
    made = {one["id"]: one["data"] for one in all_events(reading)}
    assert list(made) == [
        *(f"task.completed:S-{n}" for n in (1, 2, 3)),
        *("task.returned:S-4", "rejection.issued:S-2", "task.approved:S-1"),
    ]
    # Casablanca was at +01:00 on that day of April; the comma is a decimal one.
    assert made["task.approved:S-1"] == {
        "task": "S-1",
        "worker": PSEUDONYMS.worker("ahmed-7"),
        "contract": "P1",
        "task_group": "transcription",
        "residence": "MA",
        "submitted": "2025-04-13T09:10:00Z",
        "seconds": 450,
        "amount": "1234.50",
        "currency": "MAD",
    }


CREATED = "contract_created: 01/04/2025 08:00"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            ("worker: Rater", "worker: Worker"),
            "the file lacks: Worker. The file has: Order No, Rater, ",
        ),
        (("worker: Rater", ""), "`worker`"),
        (("task: Order No", "key: Order No"), "`columns` has key; it can have task, worker"),
        (("Refusé: rejected", "Refusé: '???'"), "`status` Refusé: '???' is none of approved"),
        (("currency: MAD, ", ""), "`amount` needs `currency`"),
        (("currency: MAD", "currency: dirham"), "'dirham' is not an ISO 4217 code"),
        (("residence: MA", "residence: Maroc"), "'Maroc' is not a country"),
        (("values: {", "values: {client: Me, "), "not client"),
        (
            ("values: {", "values: {contract_data_purpose: training, "),
            "contract_data_purpose: no contract is published without contract_created, a column",
        ),
        (("values: {", f"values: {{{CREATED}, contract_data_purpose: fun, "), "'fun' is none of"),
        (("values: {", "values: {contract_created: yesterday, "), "'yesterday' is not a time"),
        (
            ("values: {", f"values: {{{CREATED}, contract_content_warnings: Very bad!, "),
            "'Very' is not a code such as violence",
        ),
        (("values: {", f"values: {{{CREATED}, contract_unit_pay: '0.5', "), "a decimal comma"),
        (("Africa/Casablanca", "Casablanca"), "'Casablanca' is not a time zone"),
        (("day-first", "dmy"), "$.times.order"),
        (("numbers:", "nombres:"), "unknown field `nombres`"),
        (("columns:", "columns: ["), "is not YAML"),
    ],
)
def test_a_wrong_mapping_says_what_to_mend(
    tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    table = file_of(tmp_path / "sheet.csv", SHEET)
    path = file_of(tmp_path / "map.yaml", MAPPING.replace(*change))
    try:
        told = [str(one) for one in read([table], mapping=load_mapping(path)).bad_files]
    except UnreadableFile as fault:
        told = [str(fault)]
    assert len(told) == 1
    assert words in told[0]


TERMS = """
columns: {task: id, worker: w, submitted: t, contract: job, contract_final_client: client,
  contract_content_warnings: warned}
values:
  contract_created: 2025-04-01 08:00
  contract_title: Find the number
  contract_max_seconds: 1800
  contract_unit_pay: "0.5"
  currency: MAD
  task_group: verification
  contract_total_rule: number of approved tasks times unit pay
  contract_recourse: https://tasks.example/complaints
  contract_processing_platform: Atlas Tasks
  contract_data_purpose: training
  contract_instructions_version: 3
times: {zone: Africa/Casablanca}
"""


def test_a_mapping_states_the_legal_terms_of_contracts_as_columns_or_for_all(
    tmp_path: Path,
) -> None:
    rows = "id,w,t,job,client,warned\n1,u1,2025-04-13 10:02,J1,Vision Ltd,violence; nudity\n"
    rows += "2,u1,2025-04-13 10:03,J2,,\n3,u1,2025-04-13 10:04,J1,Other Ltd,\n"
    loaded = load_mapping(file_of(tmp_path / "map.yaml", TERMS))
    reading = read([file_of(tmp_path / "a.csv", rows)], mapping=loaded)
    first, second, *_ = all_events(reading)
    same = {
        "title": "Find the number",
        "task_group": "verification",
        "unit_pay": {"amount": "0.50", "currency": "MAD"},
        "max_duration_seconds": 1800,
        "total_rule": "number of approved tasks times unit pay",
        "recourse": "https://tasks.example/complaints",
        "processing_platform": "Atlas Tasks",
        "data_purpose": "training",
        "instructions_version": "3",
    }
    # In that Ramadan Casablanca was at UTC.
    assert first["time"] == "2025-04-01T08:00:00Z"
    stated = {"final_client": "Vision Ltd", "content_warnings": ["violence", "nudity"]}
    assert first["data"] == {"contract": "J1", **same, **stated}
    assert second["data"] == {"contract": "J2", **same}
    assert reading.zoneless == 0


def test_a_term_that_cannot_be_read_is_noted_and_stays_unsaid(tmp_path: Path) -> None:
    mapping = TERMS.replace("warned}", "warned, contract_data_purpose: why}")
    mapping = mapping.replace("  contract_data_purpose: training\n", "")
    rows = "id,w,t,job,client,warned,why\n1,u1,2025-04-13 10:02,J1,,,fun\n"
    loaded = load_mapping(file_of(tmp_path / "map.yaml", mapping))
    reading = read([file_of(tmp_path / "a.csv", rows)], mapping=loaded)
    assert [fault.reason for fault in reading.bad_cells] == [
        "why: 'fun' is none of training, verification, moderation, research, other"
    ]
    assert "data_purpose" not in all_events(reading)[0]["data"]


def test_a_status_that_the_mapping_lacks_is_shown_with_its_line(tmp_path: Path) -> None:
    mapping = load_mapping(
        file_of(tmp_path / "map.yaml", MAPPING.replace("  Refusé: rejected\n", ""))
    )
    reading = read([file_of(tmp_path / "sheet.csv", SHEET)], mapping=mapping)
    assert reasons(reading) == ["sheet.csv, line 3: Etat 'Refusé' is not a known status"]
    assert sum(reading.by_status().values()) == 3


def test_no_is_norway_and_a_number_is_text(tmp_path: Path) -> None:
    mapping = """
columns: {worker: w, submitted: t, residence: land, status: s}
status: {1: approved, yes: submitted}
"""
    rows = "w,t,land,s\n007,2025-04-13 10:02Z,NO,1\n007,2025-04-13 10:03Z,,yes\n"
    loaded = load_mapping(file_of(tmp_path / "map.yaml", mapping))
    made = all_events(read([file_of(tmp_path / "a.csv", rows)], mapping=loaded))
    assert made[0]["data"]["residence"] == "NO"
    assert made[0]["data"]["worker"] == PSEUDONYMS.worker("007")
    assert [one["type"] for one in made].count("task.approved.v1") == 1


@pytest.mark.parametrize(("workers", "names"), [("everywhere", 1), ("this-file", 2)])
def test_running_numbers_of_a_file_are_said_to_be_so(
    tmp_path: Path, workers: str, names: int
) -> None:
    mapping = f"columns: {{worker: w, submitted: t}}\nworkers: {workers}\n"
    loaded = load_mapping(file_of(tmp_path / "map.yaml", mapping))
    texts = ("w,t\nA1B2C3D4E5F6G7,2025-04-13 10:02Z\n", "w,t\nA1B2C3D4E5F6G7,2025-04-14 10:02Z\n")
    files = [file_of(tmp_path / f"{n}.csv", text) for n, text in enumerate(texts)]
    made = all_events(read(files, mapping=loaded))
    assert len({one["data"]["worker"] for one in made}) == names


def test_json_objects_and_parquet_rows_make_the_events_that_a_csv_makes(tmp_path: Path) -> None:
    mapping = """
columns: {task: id, worker: user.id, status: state, submitted: done, seconds: secs, amount: pay,
  currency: cur}
status: {ok: approved}
"""
    loaded = load_mapping(file_of(tmp_path / "map.yaml", mapping))
    done = datetime(2025, 4, 13, 10, 2, tzinfo=timezone(timedelta(hours=1)))
    csv = "id,user.id,state,done,secs,pay,cur\n7,u1,ok,2025-04-13 09:02:00Z,60.0,0.05,USD\n"
    one = {"user": {"id": "u1"}, "state": "ok", "secs": 60, "pay": 0.05, "cur": "USD", "id": 7}
    rows = [one | {"done": done, "pay": Decimal("0.0500")}]
    parquet.write_table(arrow.Table.from_pylist(rows), tmp_path / "a.parquet")
    line = json.dumps(one | {"done": "2025-04-13T10:02:00+01:00"})
    files = [
        file_of(tmp_path / "a.csv", csv),
        file_of(tmp_path / "a.ndjson", line + "\n"),
        tmp_path / "a.parquet",
    ]
    made = [all_events(read([path], mapping=loaded)) for path in files]
    assert made[0] == made[1] == made[2]
    assert made[0][1]["data"]["amount"] == "0.05"
    together = read(files, mapping=loaded)
    assert (together.rows, together.repeated_rows, together.faults.total) == (3, 2, 0)


def test_objects_without_the_mapped_members_are_named(tmp_path: Path) -> None:
    mapping = "columns: {worker: w, submitted: t}\n"
    loaded = load_mapping(file_of(tmp_path / "map.yaml", mapping))
    lines = '{"worker": "u1", "t": "2025-04-13 10:02Z"}\n'
    (fault,) = read([file_of(tmp_path / "a.ndjson", lines)], mapping=loaded).bad_files
    assert "the file lacks: w. The file has: worker, t" in fault.reason


def test_parquet_of_a_known_format_needs_no_mapping(tmp_path: Path) -> None:
    row = {
        "session_id": "49df113d8b68cd9d52d2cda5",
        "participant_id": "7d8329b20c873c5434a20b48",
        "status": "APPROVED",
        "started_datetime": datetime.fromisoformat("2020-12-06T23:31:23.379"),
        "completed_date_time": datetime.fromisoformat("2020-12-06T23:40:11.399"),
        "time_taken": 528.02,
        "reviewed_at_datetime": None,
    }
    parquet.write_table(arrow.Table.from_pylist([row]), tmp_path / "p.parquet")
    reading = read([tmp_path / "p.parquet"])
    data = events(reading)["task.completed"]["data"]
    assert (data["submitted"], data["seconds"]) == ("2020-12-06T23:40:11.399000Z", 528)
    assert data["utc_assumed"] is True


@pytest.mark.parametrize(
    ("options", "text", "utc"),
    [
        ("numbers: seconds", "1744534920", "2025-04-13T09:02:00Z"),
        ("numbers: milliseconds", "1744534920500", "2025-04-13T09:02:00.500000Z"),
        ("{form: '%Y%m%d %H%M', zone: UTC}", "20250413 0902", "2025-04-13T09:02:00Z"),
        ("order: day-first", "4/5/2025 9:02", "2025-05-04T09:02:00Z"),
    ],
)
def test_times_are_read_as_the_mapping_says(
    tmp_path: Path, options: str, text: str, utc: str
) -> None:
    times = options if options.startswith("{") else f"{{{options}}}"
    mapping = f"columns: {{worker: w, submitted: t}}\ntimes: {times}\n"
    loaded = load_mapping(file_of(tmp_path / "map.yaml", mapping))
    (event,) = all_events(read([file_of(tmp_path / "a.csv", f"w,t\nu1,{text}\n")], mapping=loaded))
    assert event["data"]["submitted"] == utc


def test_seconds_that_a_platform_states_of_abandoned_work_are_unpaid_time(tmp_path: Path) -> None:
    mapping = """
columns: {task: id, worker: w, started: a, submitted: t, status: s, seconds: n}
status: {left: returned}
"""
    loaded = load_mapping(file_of(tmp_path / "map.yaml", mapping))
    rows = "id,w,a,t,s,n\n7,u1,2025-04-13 10:02Z,,left,90\n"
    (event,) = all_events(read([file_of(tmp_path / "a.csv", rows)], mapping=loaded))
    assert (event["type"], event["data"]["seconds"]) == ("task.returned.v1", 90)


def test_a_french_sheet_is_guessed_as_well_as_an_english_one(tmp_path: Path) -> None:
    header = "N° Tâche,Opérateur,Statut,Commencé le,Terminé le,Durée (min),Rémunération (MAD),Ville"
    rows = "F1,op1,Validé,2025-03-02 09:00,2025-03-02 09:07,7,2.50,Fès\n"
    rows += "F2,op2,En cours,2025-03-02 09:01,,,,Fès\n"
    text = guess_mapping(file_of(tmp_path / "a.csv", f"{header}\n{rows}"))
    assert "???" not in text
    reading = read([tmp_path / "a.csv"], mapping=load_mapping(file_of(tmp_path / "map.yaml", text)))
    data = events(reading)["task.approved"]["data"]
    assert reading.by_status() == {"validé": 1, "en cours": 1}
    assert (data["task"], data["seconds"], data["amount"]) == ("F1", 420, "2.50")


def test_french_names_are_known_with_what_is_named_in_front(tmp_path: Path) -> None:
    header = "Réf. mission,Identifiant du travailleur,Date de soumission,Motif du refus"
    text = guess_mapping(file_of(tmp_path / "a.csv", f"{header}\nM-1,t1,2025-03-02 09:00,flou\n"))
    for role, name in (("task", '"Réf. mission"'), ("worker", "Identifiant du travailleur")):
        assert f"  {role}: {name}" in text
    assert "  submitted: Date de soumission" in text
    assert "  feedback: Motif du refus" in text


def test_a_line_of_nothing_but_separators_is_no_bad_row(tmp_path: Path) -> None:
    mapping = load_mapping(
        file_of(tmp_path / "m.yaml", "columns: {worker: user, submitted: date}\n")
    )
    text = "user;date\nu1;2025-03-02 09:00\n;\n ;\n"
    reading = read([file_of(tmp_path / "a.csv", text)], mapping=mapping)
    assert (reading.rows, reading.idle_rows, reading.faults.total) == (3, 2, 0)


def test_times_are_found_by_their_values_where_no_name_tells_them(tmp_path: Path) -> None:
    rows = "user,von,bis\nu1,2025-03-02 09:00,2025-03-02 09:07\n"
    text = guess_mapping(file_of(tmp_path / "a.csv", rows))
    assert "  started: von" in text
    assert "  submitted: bis" in text


class Desk:
    """A command line with a key file."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.key = folder, folder / "alpha.key"
        save_key(make_key("alpha", IDENTITY), self.key)

    def run(self, *arguments: str | Path) -> Result:
        environment = {"COLUMNS": "200"}
        return CliRunner().invoke(cli.app, [str(one) for one in arguments], env=environment)

    def rehearse(self, table: Path, mapping: Path) -> Result:
        return self.run("push", table, "--map", mapping, "--as", self.key, "--dry-run")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_the_first_mapping_needs_only_what_nobody_can_guess(desk: Desk) -> None:
    table = desk.folder / "export.csv"
    lines = ["Submission ID;User;State;Started;Finished;Time spent (min);Pay;Project;Remark"]
    for day in range(1, 28):
        state = ("Accepted", "Refused", "Waiting")[day % 3]
        times = f"{day:02}/04/2025 10:02;{day:02}/04/2025 10:10"
        lines.append(f"S-{day};user{day % 5};{state};{times};7,5;0,15;P1;none")
    file_of(table, "\n".join(lines) + "\n")
    written = desk.run("map", table, "--out", desk.folder / "map.yaml")
    assert written.exit_code == 0
    text = (desk.folder / "map.yaml").read_text()
    for line in (
        "task: Submission ID",
        "worker: User",
        "status: State",
        "started: Started",
        "submitted: Finished",
        'seconds: "Time spent (min)"',
        "amount: Pay",
        "contract: Project",
        "Accepted: approved",
        "Refused: rejected",
        "#  contract_final_client:",
        "#   contract_data_purpose: training  # training, verification, moderation, research",
        "order: day-first",
        "decimal: comma",
        "time_unit: minutes",
    ):
        assert line in text
    assert "not used, nor sent:\n#   Remark: none\n" in text
    before = desk.rehearse(table, desk.folder / "map.yaml")
    assert before.exit_code == 2
    assert "???" in before.stderr
    known = text.replace("Waiting: ???", "Waiting: submitted").replace("y: ???", "y: MAD")
    done = desk.rehearse(table, file_of(desk.folder / "filled.yaml", known))
    assert done.exit_code == 0
    said = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "task.completed.v1 27" in said
    assert "task.approved.v1 residence 9 of 9" in said
    assert '"amount": "0.15",' in said
    assert "A dry run: nothing was sent." in said


def test_a_mapping_that_may_be_edited_is_never_written_over(desk: Desk) -> None:
    out = file_of(desk.folder / "map.yaml", "mine")
    table = file_of(desk.folder / "a.csv", "user,date\nu1,2025-04-13 10:02\n")
    assert desk.run("map", table, "--out", out).exit_code == 2
    assert out.read_text() == "mine"


def test_a_known_export_is_said_to_need_no_mapping(desk: Desk) -> None:
    header = "session_id,participant_id,status,started_datetime,completed_date_time"
    table = file_of(desk.folder / "p.csv", header + "\n")
    assert (
        "looks like an export of prolific, which needs no mapping" in desk.run("map", table).stdout
    )


@pytest.mark.parametrize("kind", ["ndjson", "parquet"])
def test_a_first_mapping_of_other_files_can_be_read_back(desk: Desk, kind: str) -> None:
    row = {"assignment": "a1", "user": "u1", "submitted_at": "2025-04-13 10:02", "state": "done"}
    table = desk.folder / f"a.{kind}"
    if kind == "parquet":
        parquet.write_table(arrow.Table.from_pylist([row]), table)
    else:
        file_of(table, json.dumps(row))
    mapping = load_mapping(file_of(desk.folder / "m.yaml", desk.run("map", table).stdout))
    (event,) = all_events(read([table], mapping=mapping))
    assert event["data"]["worker"] == PSEUDONYMS.worker("u1")


def test_a_dry_run_makes_no_secret_and_asks_no_registry(desk: Desk) -> None:
    table = file_of(desk.folder / "a.csv", "w,t\nu1,2025-04-13 10:02\n")
    mapping = file_of(desk.folder / "m.yaml", "columns: {worker: w, submitted: t}\n")
    done = desk.rehearse(table, mapping)
    assert done.exit_code == 0
    assert sorted(path.name for path in desk.folder.iterdir()) == ["a.csv", "alpha.key", "m.yaml"]


def test_a_push_needs_an_address_and_one_way_to_read(desk: Desk) -> None:
    table = file_of(desk.folder / "a.csv", "w,t\n")
    mapping = file_of(desk.folder / "m.yaml", "columns: {worker: w, submitted: t}\n")
    assert "--url" in desk.run("push", table, "--as", desk.key).stderr
    both = desk.run("push", table, "--as", desk.key, "--map", mapping, "--format", "toloka")
    assert "exclude each other" in both.stderr


def test_what_is_told_as_unstated_are_fields_that_the_registry_knows() -> None:
    for kind, names in FIELDS.items():
        assert set(names) <= set(data_type_of(BY_TYPE[kind]).__struct_fields__)


def test_without_pyarrow_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet.write_table(arrow.Table.from_pylist([{"a": 1}]), tmp_path / "a.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (fault,) = read([tmp_path / "a.parquet"]).bad_files
    assert "pip install 'sijill-client[parquet]'" in fault.reason
