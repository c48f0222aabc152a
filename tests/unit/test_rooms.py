"""Every room's docstring lists its modules, and nothing that is not there."""

import ast
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

import gosync

_ROOT = Path(gosync.__file__).parent
_ROOMS = sorted(
    each.parent for each in _ROOT.rglob("__init__.py") if each.parent != _ROOT
)
# Names with commas between, in backticks or not, two spaces, and what they are for.
_LISTED = re.compile(r" *(`*\w+`*(?:, `*\w+`*)*) {2,}\S")


def _modules(room: Path) -> set[str]:
    """Return the names of a room's modules and rooms."""
    files = {each.stem for each in room.glob("*.py")} - {"__init__"}
    return files | {each.parent.name for each in room.glob("*/__init__.py")}


def _tables(room: Path) -> Iterator[list[str]]:
    """Yield the first columns of the tables in a room's docstring."""
    source = (room / "__init__.py").read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(source)) or ""
    lines = (_LISTED.match(line) for line in docstring.splitlines())
    for is_listed, found in groupby(lines, key=bool):
        if is_listed:
            yield [name for line in found if line for name in _names(line[1])]


def _names(column: str) -> Iterator[str]:
    for name in column.split(", "):
        yield name.strip("`")


@pytest.mark.parametrize("room", _ROOMS, ids=lambda each: each.name)
def test_a_rooms_docstring_lists_its_modules(room: Path):
    modules = _modules(room)
    of_modules = [table for table in _tables(room) if modules & set(table)]

    assert sorted(name for table in of_modules for name in table) == sorted(modules)
