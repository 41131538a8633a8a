"""The operator's page names every setting and figure that the code has, and no other."""

import re

from prometheus_client import CollectorRegistry

from deploy.post_timer import PostTimer
from deploy.processes import project, sequence
from services.ingest.metrics import IngestMetrics
from services.query_api import metrics as query_metrics
from tests.docs.pages import ROOT, coded, table_rows

PAGE = "docs/operate.md"


def _named(pattern: str) -> list[str]:
    """What first cells of the page's tables name in code, if it fits a pattern."""
    names = [name for row in table_rows(PAGE) for name in coded(row[0])]
    return sorted(name for name in names if re.fullmatch(pattern, name))


def test_every_setting_is_documented() -> None:
    sources = [path.read_text("utf-8") for path in (ROOT / "deploy").rglob("*.py")]
    known = {name for text in sources for name in re.findall(r'"(SIJILL_[A-Z_]+)"', text)}
    assert _named("SIJILL_.*") == sorted(known)


def test_defaults_of_settings_are_those_of_the_code() -> None:
    defaults = {
        row[0].strip("`"): row[1].strip("`")
        for row in table_rows(PAGE)
        if row[0].startswith("`SIJILL_") and row[1].startswith("`")
    }
    text = (ROOT / "deploy/processes/settings.py").read_text("utf-8")
    assert defaults == dict(re.findall(r'env\.get\("(SIJILL_\w+)", "([^"]+)"\)', text))


def _figures(registry: CollectorRegistry) -> set[str]:
    return {metric.name for metric in registry.collect()}


def test_every_figure_is_documented() -> None:
    registries = (
        IngestMetrics().registry,
        query_metrics.Metrics()._registry,
        sequence._Metrics().registry,
        project._Metrics().registry,
        PostTimer(1, (), print).registry,
    )
    known = set().union(*map(_figures, registries))
    assert _named("sijill_.*") == sorted(known)
