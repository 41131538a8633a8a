"""docs/problems.md explains every problem that the code can answer, and no other."""

import ast
from collections.abc import Iterator

from services.ingest.app import _STATUS
from tests.docs.pages import ROOT, coded, table_rows

#: Made by the web framework for unknown paths and methods (services.web.problems).
_FRAMEWORK = {("not-found", "404"), ("method-not-allowed", "405")}


def _made_in_code() -> Iterator[tuple[str, str]]:
    """Kind and status of each `Problem(status, kind, …)` in the services."""
    for path in sorted((ROOT / "services").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                stated = [one.value for one in node.args[:2] if isinstance(one, ast.Constant)]
                if node.func.id == "Problem" and len(stated) == 2:
                    yield str(stated[1]), str(stated[0])


def test_every_problem_is_documented_with_its_status_and_none_is_invented() -> None:
    refusals = {(reason.value, str(status)) for reason, status in _STATUS.items()}
    used = refusals | set(_made_in_code()) | _FRAMEWORK
    rows = [row for row in table_rows("docs/problems.md") if len(row) == 4 and coded(row[0])]
    assert {(coded(row[0])[0], row[1]) for row in rows} == used
    assert [row for row in rows if not all(row)] == []
