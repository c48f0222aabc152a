"""The texts that the code of pages says, found in the code itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import gosync.publish

FOLDER = Path(gosync.publish.__file__).parent
# Said by a variable there: columns of tables.
_TABLES = {"_COLUMNS"}
_LOOPED = {"columns"}


def said_texts() -> set[str]:
    """Return every text of ``say``, ``keep`` and ``count``, and columns of tables."""
    found: set[str] = set()
    for file in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            found.update(_texts(node))
    return found


def _texts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call):
        yield from _called(node)
    if isinstance(node, ast.AnnAssign | ast.Assign):
        targets = [node.target] if isinstance(node, ast.AnnAssign) else node.targets
        names = {each.id for each in targets if isinstance(each, ast.Name)}
        if names & (_TABLES | _LOOPED) and node.value is not None:
            yield from _strings(node.value)


def _called(node: ast.Call) -> Iterator[str]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if isinstance(node.func, ast.Name):
        name = node.func.id
    if name in ("say", "keep") and node.args:
        yield from _constants(node.args[0])
    if name == "count" and len(node.args) > 1:
        for noun in _nouns(node.args[1]):
            yield from (f"{{n}} {noun}", f"{{n}} {noun}s")


def _constants(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def _strings(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        yield from _constants(each)


def _nouns(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.JoinedStr):  # f"more {noun}": of packages and commands
        yield from ("more package", "more command")
    else:
        yield from _constants(node)
