"""Explanations: what happened, why, and what to do, with the exact command. Pure.

An explanation is three sentences of the catalogue and a command line. Where the text
does not tell the cause, the question that decides stands in the remedy's place, so that
nobody is sent the wrong way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from gosync.diagnose.catalogue import FailureCatalogue, FailureClass
from gosync.diagnose.language import Language
from gosync.diagnose.places import fill_command, fill_text
from gosync.diagnose.recognising import LogReading, RecognisedFailure
from gosync.text import printable

_MOST_OF_A_LINE: Final = 300


class ExplainedFailure(msgspec.Struct, frozen=True, rename={"failure_class": "class"}):
    """A failure as programs read it.

    Attributes:
        failure_class: The class that the text tells ("class" in JSON).
        candidates: Classes that the true cause may be of, the likeliest first; none
            where the class is it.
        line: The failure's first line in the log.
        cause: What happened, and why.
        remedy: What to do, or the question that decides what.
        command: The command line for it.
    """

    failure_class: str
    candidates: tuple[str, ...]
    line: str
    cause: str
    remedy: str
    command: str


class ExplainReport(msgspec.Struct, frozen=True):
    """What a log tells.

    Attributes:
        findings: Its failures.
        unnamed: Lines that begin as an error of go, and are of no class.
    """

    findings: list[ExplainedFailure]
    unnamed: list[str]


class ExplainedRun(ExplainReport, frozen=True):
    """What a command of go told.

    Attributes:
        go_exit_code: How it ended.
    """

    go_exit_code: int


class Explainer:
    """Explains failures in one language."""

    def __init__(self, catalogue: FailureCatalogue, language: Language) -> None:
        """Make one.

        Args:
            catalogue: Where the texts are.
            language: Which of them.
        """
        self._catalogue = catalogue
        self._language = language
        self._words = catalogue.words[language]

    def explain(self, one: RecognisedFailure) -> ExplainedFailure:
        """Return a failure's explanation for programs."""
        what, why, remedy, command = self._texts(one)
        space = " " if self._language is Language.ENGLISH else ""
        return ExplainedFailure(
            failure_class=one.failure.name,
            candidates=one.candidates,
            line=_shortened(one.line),
            cause=f"{what}{space}{why}",
            remedy=remedy,
            command=command,
        )

    def report(self, reading: LogReading) -> ExplainReport:
        """Return what a log tells, for programs."""
        findings = list(map(self.explain, reading.failures))
        return ExplainReport(findings, list(reading.unnamed))

    def lines(self, reading: LogReading) -> Iterator[str]:
        """Yield what a log tells, for people: one explanation for failures alike."""
        for group in _alike(reading.failures):
            yield from self._of_group(group)
        for line in reading.unnamed:
            yield self._said("unnamed", _shortened(line))
        if not reading.failures and not reading.unnamed:
            yield self._said("none")
        if reading.is_cut:
            yield self._said("cut")

    def _of_group(self, group: list[RecognisedFailure]) -> Iterator[str]:
        one = group[0]
        what, why, remedy, command = self._texts(one)
        yield f"{one.failure.name}: {_shortened(one.line)}"
        if len(group) > 1:
            yield f"  ({self._said('more', str(len(group) - 1))})"
        yield f"  {what}"
        yield f"  {why}"
        if self._question(one):
            remedy = self._said("question", remedy)
        yield f"  {remedy}"
        yield f"    $ {command}"
        if len(one.candidates) > 1:
            yield f"  ({self._said('perhaps', ', '.join(one.candidates))})"
        yield ""

    def _texts(self, one: RecognisedFailure) -> tuple[str, str, str, str]:
        """Return what happened, why, the remedy or the question, and the command."""
        true = self._true_class(one)
        wording = true.wording(self._language)
        texts = (wording.what, wording.cause, self._question(one) or wording.remedy)
        what, why, remedy = (
            printable(fill_text(text, one.places, self._words)) for text in texts
        )
        row = one.narrower
        command = (row.command if row is not None else "") or true.command
        return what, why, remedy, printable(fill_command(command, one.places))

    def _true_class(self, one: RecognisedFailure) -> FailureClass:
        if len(one.candidates) == 1:
            return self._catalogue.named(one.candidates[0])
        return one.failure

    def _question(self, one: RecognisedFailure) -> str:
        """Return the question that decides between a failure's candidates, or ""."""
        if len(one.candidates) < 2:
            return ""
        row = one.narrower
        own = ("" if row is None else row.in_language(self._language)) or ""
        return own or one.failure.wording(self._language).question

    def _said(self, key: str, value: str = "") -> str:
        return self._words[key].format(value)


def _alike(failures: Iterable[RecognisedFailure]) -> Iterable[list[RecognisedFailure]]:
    """Return failures by class and host, in the order of the first of each."""
    groups: dict[tuple[str, str], list[RecognisedFailure]] = {}
    for one in failures:
        key = (one.failure.name, one.places.get("host", ""))
        groups.setdefault(key, []).append(one)
    return groups.values()


def _shortened(line: str) -> str:
    line = printable(line)
    return line if len(line) <= _MOST_OF_A_LINE else f"{line[:_MOST_OF_A_LINE]}..."
