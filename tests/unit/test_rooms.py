"""Every package's docstring lists its modules, and nothing that is not there."""

import re
from pathlib import Path

import pytest

import gosync

_ROOT = Path(gosync.__file__).parent
_ROOMS = ("closure", "folder", "verify")
_PACKAGES = [
    each.parent
    for room in _ROOMS
    for each in sorted((_ROOT / room).rglob("__init__.py"))
]
# A line of the list: four spaces, names with commas between, two spaces, what they do.
_LISTED = re.compile(r"^ {4}(\w+(?:, \w+)*)(?: {2,}\S.*| [a-z].*)$")


def _modules(package: Path) -> set[str]:
    """Return the names of a package's modules and packages."""
    files = {each.stem for each in package.glob("*.py")} - {"__init__", "__main__"}
    return files | {each.parent.name for each in package.glob("*/__init__.py")}


def _listed(package: Path) -> list[str]:
    """Return the names that a package's docstring lists."""
    source = (package / "__init__.py").read_text(encoding="utf-8")
    docstring = source.split('"""')[1]
    lines = (_LISTED.match(line) for line in docstring.splitlines())
    return [name for line in lines if line for name in line[1].split(", ")]


@pytest.mark.parametrize("package", _PACKAGES, ids=lambda each: each.name)
def test_a_packages_docstring_lists_its_modules(package: Path):
    listed = _listed(package)

    assert sorted(listed) == sorted(_modules(package))
