"""Command lines on the pages are ones that `sijill` understands."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from sijill_client.cli import app as kit

from deploy.cli.main import app
from tests.docs.pages import PAGES, all_blocks

_COMMANDS: dict[str, Any] = {
    "sijill": typer.main.get_command(app),
    "sijill-client": typer.main.get_command(kit),
}
_STARTS = tuple(f"{name} " for name in _COMMANDS)
_CRON = re.compile(r"^(?:\S+ +){5}")


def _lines(text: str) -> Iterator[str]:
    joined = text.replace("\\\n", " ")
    for line in joined.splitlines():
        bare = _CRON.sub("", line) if line[:1].isdigit() or line[:1] == "*" else line
        for part in re.split(r"&&|\||>>?|\$\(|\)", bare):
            if part.strip().startswith(_STARTS):
                yield part.strip()


def _command_lines() -> list[str]:
    fenced = [
        line
        for block in all_blocks()
        if block.language in {"sh", "cron"}
        for line in _lines(block.text)
    ]
    return sorted(set(fenced))


@pytest.mark.parametrize("line", _command_lines())
def test_a_command_line_parses(line: str) -> None:
    name, *words = shlex.split(line, comments=True)
    command, context = (
        _COMMANDS[name],
        _COMMANDS[name].make_context(name, [], resilient_parsing=True),
    )
    while hasattr(command, "commands") and words:
        command = command.commands[words.pop(0)]
        context = command.make_context(command.name, [], parent=context, resilient_parsing=True)
    # An unknown option, or a word too many, is a usage error here.
    values, rest, _ = command.make_parser(context).parse_args(list(words))
    assert rest == []
    needed = [one.name for one in command.params if one.required]
    assert [one for one in needed if values.get(one) in (None, ())] == []


def test_commands_named_in_the_text_exist() -> None:
    named = {
        tuple(found.split())
        for text in PAGES.values()
        for found in re.findall(r"`sijill ((?:[a-z]+)(?: [a-z]+)?)", text)
    }
    top = _COMMANDS["sijill"].commands
    unknown = [words for words in named if words[0] not in top]
    deeper = [
        words
        for words in named
        if len(words) == 2
        and words[0] in top
        and hasattr(top[words[0]], "commands")
        and words[1] not in top[words[0]].commands
    ]
    assert (unknown, deeper) == ([], [])
