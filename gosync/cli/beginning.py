"""What a first configuration is to say: by flags, by answers on a terminal, or neither.

Three questions, each with a flag that answers it: on which side of the gap this is,
whether the project that lies here is carried, and where the tree is published. Without
a terminal and without flags it is a mirror outside, as the sample has it.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Final

import click
import msgspec

from gosync.cli.messages import told, told_comments
from gosync.demo.samples import read_sample
from gosync.errors import UsageError

_PROJECT_FILES: Final = ("go.work", "go.mod")
_TREE: Final = "./public"
_INSIDE: Final = {"path": "./var", "trust": "./trust.toml"}
_EXAMPLE: Final = re.compile(
    r'(?m)^\[\[select\]\]\nmodules = \["rsc[^\n]*\nversions = [^\n]*\n'
)
_PLACE: Final = "# [[project]]\n"


class Side(StrEnum):
    """On which side of the gap a site is.

    Attributes:
        OUTSIDE: It has a network, and fetches.
        INSIDE: It takes in bundles.
    """

    OUTSIDE = "outside"
    INSIDE = "inside"


class InitReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was written; its fields are the document's keys.

    Attributes:
        file: The configuration.
        probed: Whether upstreams were asked which of them answer.
        proxies: The proxies that were written, where an option or a probe said so.
        index: Likewise the index.
        sumdb: Likewise the checksum database.
    """

    file: str
    probed: bool
    proxies: str | msgspec.UnsetType = msgspec.UNSET
    index: str | msgspec.UnsetType = msgspec.UNSET
    sumdb: str | msgspec.UnsetType = msgspec.UNSET


class Beginning(msgspec.Struct, frozen=True):
    """What is known of a first configuration; None is not answered yet.

    Attributes:
        side: On which side it is.
        projects: Folders of projects that are carried.
        tree: Where the tree goes.
    """

    side: Side | None = None
    projects: tuple[Path, ...] | None = None
    tree: str | None = None

    def asked(self, folder: Path) -> Beginning:
        """Return it with what whoever sits at the terminal answers.

        Args:
            folder: Where the configuration goes; a project may lie there.
        """
        side = self.side or _ask_side()
        projects = self.projects
        if projects is None and side is Side.OUTSIDE and _has_project(folder):
            question = told(f"Carry what the project in {folder} needs?")
            wanted = click.confirm(question, default=True, err=True)
            projects = (Path(),) if wanted else None
        question = told("Where to publish the tree that clients use as GOPROXY?")
        tree = self.tree or click.prompt(question, default=_TREE, err=True)
        return Beginning(side, projects, tree)

    def text(self) -> str:
        """Return the configuration's text: a sample with what is known put in.

        Raises:
            UsageError: A value has characters that no configuration may have, or
                a project is to be carried inside.
        """
        values = {"tree": self.tree} if self.tree else {}
        if self.side is not Side.INSIDE:
            text = told_comments(read_sample("gosync.toml").decode())
            return with_values(_with_projects(text, self.projects or ()), values)
        if self.projects:
            raise UsageError(
                "inside, bundles say what is carried",
                hint="name projects where bundles are made",
            )
        text = told_comments(read_sample("inside.toml").decode())
        return with_values(text, {"tree": _TREE, **_INSIDE, **values})


def with_values(text: str, values: dict[str, str]) -> str:
    """Return a sample with other values in the place of its own.

    Raises:
        UsageError: A value has characters that no configuration may have.
    """
    for key, value in values.items():
        _check(value)
        line = f'{key} = "{value}"'
        text, count = re.subn(f'(?m)^{key} = "[^"]*"', partial(_same, line), text)
        assert count == 1, "the sample names each key once"
    return text


def _with_projects(text: str, projects: tuple[Path, ...]) -> str:
    """Return the sample with projects in place of its example of modules."""
    if not projects:
        return text
    blocks = ""
    for each in projects:
        _check(str(each))
        blocks += f'[[project]]\npath = "{each}"\ndeps = "build"\n\n'
    text, count = _EXAMPLE.subn(_commented, text)
    assert count == 1, "the sample has one select"
    return text.replace(_PLACE, blocks + _PLACE, 1)


def _commented(match: re.Match[str]) -> str:
    return "".join(f"# {line}\n" for line in match[0].splitlines())


def _same(line: str, match: re.Match[str]) -> str:
    del match
    return line


def _check(value: str) -> None:
    if '"' in value or "\\" in value or not value.isprintable():
        raise UsageError("a value has characters that no configuration may have")


def _has_project(folder: Path) -> bool:
    return any((folder / name).is_file() for name in _PROJECT_FILES)


def _ask_side() -> Side:
    question = told(
        "Is this outside, with a network to fetch from, or inside, where bundles come"
        " in?"
    )
    choice = click.Choice([each.value for each in Side])
    answer = click.prompt(question, type=choice, default=Side.OUTSIDE.value, err=True)
    return Side(answer)
