"""The page of a class: all that the catalogue says of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from gosync.diagnose.catalogue import FailureCatalogue, FailureClass
from gosync.diagnose.language import Language
from gosync.diagnose.places import fill_command, fill_text

FOLKLORE: Final = "env.folklore"


class ClassPage(msgspec.Struct, frozen=True, rename={"failure_class": "class"}):
    """The page of a class as JSON; its texts as in the catalogue.

    Attributes:
        failure_class: The class's name ("class" in JSON).
        candidates: Classes that the true cause may be of.
        what: What happened.
        cause: Why.
        remedy: What to do.
        command: The command line for it.
        docs: Where the documentation says more.
    """

    failure_class: str
    candidates: list[str]
    what: str
    cause: str
    remedy: str
    command: str
    docs: str

    @classmethod
    def of(cls, failure: FailureClass, language: Language) -> ClassPage:
        """Return a class's page."""
        wording = failure.wording(language)
        return cls(
            failure_class=failure.name,
            candidates=list(failure.candidates),
            what=wording.what,
            cause=wording.cause,
            remedy=wording.remedy,
            command=failure.command,
            docs=failure.docs,
        )


class ListedClass(msgspec.Struct, frozen=True, rename={"failure_class": "class"}):
    """A class's name ("class" in JSON), and what happened."""

    failure_class: str
    what: str


class ClassList(msgspec.Struct, frozen=True):
    """All classes as JSON, in the catalogue's order."""

    classes: list[ListedClass]

    @classmethod
    def of(cls, catalogue: FailureCatalogue, language: Language) -> ClassList:
        """Return the catalogue's classes."""
        return cls(
            [ListedClass(each.name, each.wording(language).what) for each in catalogue]
        )


class WrittenPages(msgspec.Struct, frozen=True):
    """Where the pages of all classes were written, one file a language."""

    files: list[str]


def page_of(
    catalogue: FailureCatalogue, failure: FailureClass, language: Language
) -> Iterator[str]:
    """Yield the lines of a class's page."""
    heads, wording = catalogue.words[language], failure.wording(language)
    yield failure.name
    yield ""
    yield fill_text(wording.what, {}, heads)
    yield heads["why"].format(fill_text(wording.cause, {}, heads))
    yield heads["do"].format(fill_text(wording.remedy, {}, heads))
    yield f"  $ {fill_command(failure.command, {})}"
    for question in _questions(failure, language):
        yield heads["ask"].format(fill_text(question, {}, heads))
    others = [name for name in failure.candidates if name != failure.name]
    if others:
        yield heads["same"].format(", ".join(others))
    yield heads["docs"].format(failure.docs)
    yield heads["go"].format(_versions(failure.go, heads))
    if failure.name == FOLKLORE:
        for each in catalogue.folklore:
            said = each.wording(language)
            yield ""
            yield heads["claim"].format(said.claim)
            yield heads["truth"].format(said.truth)
            yield f"  $ {each.run}"


def list_lines(catalogue: FailureCatalogue, language: Language) -> Iterator[str]:
    """Yield a line for each class: its name, and what happened."""
    heads = catalogue.words[language]
    width = max(len(each.name) for each in catalogue)
    for each in sorted(catalogue, key=lambda one: one.name):
        what = fill_text(each.wording(language).what, {}, heads)
        yield f"{each.name:<{width}}  {what}"


def _questions(failure: FailureClass, language: Language) -> list[str]:
    own = [row.in_language(language) for row in failure.narrower]
    return list(filter(None, [failure.wording(language).question, *own]))


def _versions(said: str, heads: Mapping[str, str]) -> str:
    if said.startswith("-"):
        return heads["until"].format(said[1:])
    return heads["since"].format(said)
