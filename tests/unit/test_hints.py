"""Hints: every command line that one names is a command that there is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import gosync
from gosync.cli.main import VERBS, main
from gosync.hint import Command, advise, command

_PACKAGE = Path(gosync.__file__).parent
_PLACEHOLDER = "X"  # for an argument that only a run knows
# Text that is no hint: the name of who holds a lock, a name in a file, a docstring.
_LABELS = {"command"}
_VERB = re.compile(rf"\bgosync ({'|'.join(VERBS)})\b")
_ROOMS_OF_COMMANDS = {"cli", "demo"}


def _modules(holding: str) -> Iterator[tuple[str, ast.Module]]:
    """Yield the modules whose text holds a pattern, one after the other.

    All trees at once are so many objects that the garbage collector takes most of the
    time.
    """
    for path in sorted(_PACKAGE.rglob("*.py")):
        text = path.read_text("utf-8")
        if re.search(holding, text):
            yield str(path.relative_to(_PACKAGE)), ast.parse(text)


def _advised() -> Iterator[tuple[str, Command]]:
    """Yield each command line that the package advises, and where."""
    for name, tree in _modules(r"\bcommand\("):
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "command"
                and node.args
            ):
                verb, *arguments = map(_literal, node.args)
                yield (
                    f"{name}:{node.lineno}:{node.col_offset}",
                    command(verb, *arguments),
                )


def _literal(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return _PLACEHOLDER


def _parse(line: Command) -> None:
    """Parse a command line as a run would, up to what its values mean."""
    found: click.Command = main
    words = line.verb.split()
    for word in words:
        assert isinstance(found, click.Group)
        child = found.get_command(click.Context(found), word)
        assert child is not None, f"{line}: there is no {word}"
        found = child
    assert not isinstance(found, click.Group), f"{line}: it lacks a verb"
    context = click.Context(found, info_name=line.verb)
    options, rest, _ = found.make_parser(context).parse_args(list(line.arguments))
    assert not rest, f"{line}: too many operands"
    for parameter in found.params:
        if parameter.required:
            value, _ = parameter.consume_value(context, options)
            lacks = parameter.value_is_missing(value)
            assert not lacks, f"{line}: lacks {parameter.name}"


def test_each_command_line_that_is_advised_parses() -> None:
    wrong, advised = [], list(_advised())
    assert advised
    for where, line in advised:
        try:
            _parse(line)
        except (AssertionError, click.UsageError) as error:
            wrong.append(f"{where}: {error}")
    assert wrong == []


@pytest.mark.parametrize(
    "line",
    [
        command("mirror"),
        command("bundle"),
        command("bundle mirror"),
        command("sync", "--fast"),
        command("publish", "--head"),
        command("prune", "everything"),
        command("key new"),
        command("verify", "--tree", "X"),
    ],
    ids=str,
)
def test_a_command_line_that_no_gosync_takes_is_found(line: Command) -> None:
    with pytest.raises((AssertionError, click.UsageError)):
        _parse(line)


def _told(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the texts of a module that are neither docstrings nor labels."""
    silent = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in _LABELS:
            silent.update(map(id, ast.walk(node.value)))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in silent:
            continue
        if isinstance(node.value, str):
            yield node.lineno, node.value


def test_no_text_below_the_command_line_names_a_command() -> None:
    found = [
        f"{name}:{line}"
        for name, tree in _modules("gosync[ \"']")
        if Path(name).parts[0] not in _ROOMS_OF_COMMANDS
        for line, text in _told(tree)
        if _VERB.search(text)
    ]
    assert found == []


def test_a_hint_reads_as_a_sentence_with_lines_to_copy() -> None:
    inner = advise("run {}", command("publish", "/srv/my tree", "--max-delete", 4))
    outer = advise("{}; {} more", inner, "{}")
    assert str(outer) == "run `gosync publish '/srv/my tree' --max-delete 4`; {} more"
    assert [line.verb for line in outer.commands] == ["publish"]


def test_a_hint_has_a_place_for_each_value() -> None:
    with pytest.raises(ValueError, match="argument"):
        advise("run {}", command("sync"), command("prune"))
    with pytest.raises(ValueError, match="argument"):
        advise("run {} or {}", command("sync"))
