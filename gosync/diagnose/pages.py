"""The page of a class: all that the catalogue says of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from gosync.diagnose.catalogue import FailureCatalogue, FailureClass
from gosync.diagnose.language import Language
from gosync.diagnose.places import fill_command, fill_text

FOLKLORE: Final = "env.folklore"


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
