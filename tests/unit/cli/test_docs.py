"""The documents hold: every command, exit code and key stands in them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gosync import errors
from gosync.cli.main import main
from gosync.config.schema import FileSchema
from tests.unit.cli.walk import key_names, leaf_commands

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text()
DOCUMENTS = sorted((ROOT / "docs").glob("*.md"))
COMMANDS = (ROOT / "docs" / "commands.md").read_text()
KEYS = (ROOT / "docs" / "configuration.md").read_text()
_LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)")


@pytest.mark.parametrize("name", sorted(leaf_commands(main)))
def test_each_command_is_described(name: str):
    verb, _, rest = name.partition(" ")
    assert re.search(rf"^\| `gosync {verb}.*{rest}", COMMANDS, re.MULTILINE)


@pytest.mark.parametrize("key", sorted(key_names(FileSchema)))
def test_each_configuration_key_is_described(key: str):
    assert f"`{key}`" in KEYS or key == "select.deps"


def test_each_exit_code_is_described():
    classes = [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.GosyncError)
    ]
    codes = {error.exit_code for error in classes}

    for code in codes:
        assert re.search(rf"^\| {code}\b|, {code} \|", COMMANDS, re.MULTILINE), code


def test_each_room_is_on_the_map():
    architecture = (ROOT / "gosync" / "ARCHITECTURE.md").read_text()
    rooms = [
        path.parent.name
        for path in (ROOT / "gosync").glob("*/__init__.py")
        if path.parent.name != "samples"
    ]

    for room in rooms:
        assert re.search(rf"^ +(.*[| ])?{room}\b", architecture, re.MULTILINE), room


def test_the_readme_runs_what_ci_runs():
    line = ".ci/setup test && .venv/bin/pytest"

    assert line in README
    assert line in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize(
    "file", [ROOT / "README.md", ROOT / "README.zh-CN.md", *DOCUMENTS], ids=str
)
def test_each_link_leads_somewhere(file: Path):
    for path, anchor in _LINK.findall(file.read_text()):
        target = (file.parent / path).resolve() if path else file
        assert target.exists(), path
        if anchor:
            assert anchor in _anchors(target), f"{path}#{anchor}"


def _anchors(file: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
    return {
        re.sub("[^a-z0-9 -]", "", each.lower()).replace(" ", "-") for each in titles
    }


def _structure(file: Path) -> list[tuple[str, ...]]:
    """Return a document's sections: heading, list items, code and links in order."""
    sections: list[list[str]] = [[]]
    is_code = False
    for line in file.read_text().splitlines():
        if line.startswith("```"):
            is_code = not is_code
            sections[-1] += [line] if is_code else []
        elif line.startswith("#") and not is_code:
            sections.append([line.split()[0]])
        elif line.startswith(("- ", "| ")) and not is_code:
            sections[-1].append(line[:2])
    return [tuple(each) for each in sections]


def _places(file: Path) -> set[tuple[str, str]]:
    """Return where a document's links lead, but for the other language."""
    found = set(_LINK.findall(file.read_text()))
    return {each for each in found if not each[0].startswith("README")}


def test_the_chinese_readme_is_made_like_the_english_one():
    english, chinese = ROOT / "README.md", ROOT / "README.zh-CN.md"

    assert _structure(chinese) == _structure(english)
    assert _places(chinese) == _places(english)
