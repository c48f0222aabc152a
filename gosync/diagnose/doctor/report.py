"""The report of a run: what ``--json`` prints and ``--report`` writes. Pure.

In a report for others no password is left, the home folder is ``~``, and private
modules and their hosts are ``private.invalid``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from gosync.diagnose.doctor.diagnosis import (
    ComparedTrait,
    Diagnosis,
    Stage,
    StageFinding,
)
from gosync.diagnose.doctor.saying import translated

_ENGLISH: Final[Mapping[str, str]] = {}
_HIDDEN: Final = "private.invalid"
_USER_INFO: Final = re.compile(r"(//)[^/?#\s@]*@")
_TOKEN: Final = re.compile(
    r"((?:authorization|password|passwd|token|secret)\S*?[=: ]+)\S+", re.IGNORECASE
)


class FindingReport(msgspec.Struct, frozen=True, rename={"cause": "class"}):
    """A finding.

    Attributes:
        cause: Its class; the key is ``class``.
        severity: ``fault`` or ``warning``.
        text: What was found.
        remedy: What to do.
    """

    cause: str
    severity: str
    text: str
    remedy: str


class StageReport(msgspec.Struct, frozen=True):
    """A stage.

    Attributes:
        name: Which.
        ok: Whether it has no fault.
        seconds: How long it took.
        findings: What was found.
    """

    name: str
    ok: bool
    seconds: float
    findings: list[FindingReport]


class ConclusionReport(msgspec.Struct, frozen=True, rename={"cause": "class"}):
    """The conclusion.

    Attributes:
        cause: Its class, ``healthy`` for none; the key is ``class``.
        remedy: What to do.
    """

    cause: str
    remedy: str


class StageDetails(msgspec.Struct, frozen=True):
    """What a stage saw.

    Attributes:
        stage: Its name.
        facts: What was seen, in words.
        curl: The command line that asks the same.
    """

    stage: str
    facts: list[str]
    curl: str


class DoctorReport(msgspec.Struct, frozen=True):
    """The document of ``gosync doctor --json``.

    Attributes:
        subject: What was asked for.
        stages: In the order in which they were taken.
        conclusion: What it comes to.
        text: The conclusion in a sentence.
        details: What each stage saw.
        compared: With --with-go, what the real go sends and gets beside doctor.
    """

    subject: str
    stages: list[StageReport]
    conclusion: ConclusionReport
    text: str
    details: list[StageDetails]
    compared: list[ComparedTrait]

    @classmethod
    def of(
        cls, diagnosis: Diagnosis, texts: Mapping[str, str] = _ENGLISH
    ) -> DoctorReport:
        """Return the report of a diagnosis.

        Args:
            diagnosis: What was found.
            texts: The reader's language, as saying has it.
        """
        end = diagnosis.conclusion
        return cls(
            subject=translated(diagnosis.subject, texts),
            stages=[_stage(each, texts) for each in diagnosis.stages],
            conclusion=ConclusionReport(end.cause, translated(end.remedy, texts)),
            text=translated(end.text, texts),
            details=[
                StageDetails(
                    each.name,
                    [translated(fact, texts) for fact in each.facts],
                    each.curl,
                )
                for each in diagnosis.stages
            ],
            compared=list(diagnosis.compared),
        )


def _stage(stage: Stage, texts: Mapping[str, str]) -> StageReport:
    findings = [_finding(each, texts) for each in stage.findings]
    return StageReport(stage.name, stage.ok, round(stage.seconds, 4), findings)


def _finding(finding: StageFinding, texts: Mapping[str, str]) -> FindingReport:
    return FindingReport(
        finding.cause,
        finding.severity.value,
        translated(finding.text, texts),
        translated(finding.remedy, texts),
    )


def redacted(
    lines: Iterable[str], *, home: str, private: Iterable[str]
) -> Iterator[str]:
    """Yield lines for somebody else to read.

    Args:
        lines: What is to be told.
        home: The home folder.
        private: Paths of private modules, and patterns that cover some.
    """
    hosts = {each.split("/", 1)[0].removeprefix("*.") for each in private}
    names = sorted({*private, *hosts} - {"", "*"}, key=len, reverse=True)
    for line in lines:
        text = _TOKEN.sub(r"\1***", _USER_INFO.sub(r"\1***@", line))
        if len(home) > 1:
            text = text.replace(home, "~")
        for name in names:
            text = text.replace(name, _HIDDEN)
        yield text
