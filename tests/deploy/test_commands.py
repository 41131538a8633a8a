"""Command lines as people type them, against the command's own parser."""

import pytest
from typer.testing import CliRunner

from deploy.acts import Act
from deploy.cli import authority
from deploy.cli.main import app


@pytest.mark.parametrize("first", ["-", "--", "_", "a"])
def test_a_thumbprint_that_begins_with_a_hyphen_is_no_option(
    first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Act] = []
    monkeypatch.setattr(authority, "act", lambda data, url, sign_as, *acts: sent.extend(acts))
    kid = first + "x" * (43 - len(first))

    done = CliRunner().invoke(app, ["key", "revoke", kid, "--reason", "lost"])

    assert done.exit_code == 0, done.output
    assert sent == [Act("key.revoked", {"kid": kid, "reason_code": "lost"})]
