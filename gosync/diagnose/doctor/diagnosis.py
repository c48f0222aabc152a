"""What doctor found: stages, their findings, and one conclusion. Pure.

A stage is a step that ``go`` takes on its way to a module. Its findings are faults,
with which ``go`` fails or is deceived, and warnings. A note is no finding: it names a
setting that is right in some worlds, and what fails because of it in others.

The conclusion is the first fault, or, where a setting explains that fault, the
setting; with no fault it is the first warning.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import msgspec

from gosync.diagnose.doctor.saying import say

HEALTHY: Final = "healthy"
EXIT_FAULT: Final = 4
EXIT_SECURITY: Final = 6
# Bytes that are not what their publisher signed, or a certificate of somebody else.
_SECURITY: Final = frozenset(
    {
        "tls.unknown_authority",
        "tls.wrong_name",
        "sum.altered",
        "sum.sumdb_mismatch",
        "sum.gosum_mismatch",
        "sum.gosum_vs_sumdb",
        "sum.forged",
        "sum.fork",
        "sum.rollback",
        "sum.bad_signature",
        "sum.unknown_key",
        "sum.absent",
        "cache.modified",
    }
)


class Severity(StrEnum):
    """How much a finding counts."""

    FAULT = "fault"
    WARNING = "warning"
    NOTE = "note"


class StageFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is not as it should be.

    Attributes:
        cause: The class of failure, as the catalogue names it: ``network.dns``.
        text: What was found, in one sentence.
        remedy: What to do, with the exact command where there is one.
        severity: How much it counts.
        explains: Classes of faults, or families with a ``.`` behind, that this is
            the true cause of.
    """

    cause: str
    text: str
    remedy: str = ""
    severity: Severity = Severity.FAULT
    explains: tuple[str, ...] = ()

    def explains_fault(self, cause: str) -> bool:
        """Whether a fault of this class would be due to what this finding says."""
        return any(
            cause == each or (each.endswith(".") and cause.startswith(each))
            for each in self.explains
        )


class FaultFoundError(Exception):
    """A stage found what ends ``go``'s way.

    Attributes:
        finding: What it is.
    """

    def __init__(self, finding: StageFinding) -> None:
        super().__init__(finding.text)
        self.finding = finding


def fault(
    cause: str, text: str, remedy: str = "", explains: tuple[str, ...] = ()
) -> FaultFoundError:
    """Return the error that ends a stage with one fault."""
    return FaultFoundError(
        StageFinding(cause=cause, text=text, remedy=remedy, explains=explains)
    )


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the way.

    Attributes:
        name: Which.
        seconds: How long it took.
        findings: Faults and warnings.
        notes: Settings that may explain a fault of a later stage.
        facts: What was seen, in words.
        curl: The command line that asks the same; "" where there is none.
    """

    name: str
    seconds: float
    findings: tuple[StageFinding, ...] = ()
    notes: tuple[StageFinding, ...] = ()
    facts: tuple[str, ...] = ()
    curl: str = ""

    @property
    def ok(self) -> bool:
        """Whether no fault was found."""
        return all(each.severity is not Severity.FAULT for each in self.findings)


class Conclusion(msgspec.Struct, frozen=True):
    """What it comes to.

    Attributes:
        cause: The class of failure, ``healthy`` for none.
        text: What was found.
        remedy: What to do about it.
        stage: The stage that found it, "" for none.
        is_fault: Whether ``go`` fails or is deceived.
    """

    cause: str
    text: str
    remedy: str
    stage: str
    is_fault: bool

    @property
    def exit_code(self) -> int:
        """0 without a fault, 6 for one of security, 4 for any other."""
        if not self.is_fault:
            return 0
        return EXIT_SECURITY if self.cause in _SECURITY else EXIT_FAULT


class ComparedTrait(msgspec.Struct, frozen=True):
    """One thing that the real go and doctor do, or meet with.

    Attributes:
        subject: Where: a host.
        trait: What it is.
        go: As go does it.
        doctor: As doctor does it.
    """

    subject: str
    trait: str
    go: str
    doctor: str


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """All stages of one run.

    Attributes:
        subject: What was asked for: a module, a version of it, or a project.
        stages: In the order in which they were taken.
        compared: What the real go sends and gets, beside doctor, where it was asked.
    """

    subject: str
    stages: tuple[Stage, ...]
    compared: tuple[ComparedTrait, ...] = ()

    @property
    def conclusion(self) -> Conclusion:
        """The one thing to tell."""
        found = list(self._findings())
        faults = [each for each in found if each[1].severity is Severity.FAULT]
        ranked = faults or [
            each for each in found if each[1].severity is Severity.WARNING
        ]
        if not ranked:
            text = say(
                "go gets {subject} as this machine is set up", subject=self.subject
            )
            return Conclusion(HEALTHY, text, "", "", is_fault=False)
        stage, first = ranked[0]
        behind = self._behind(first.cause) if faults else None
        if behind is None:
            return Conclusion(
                first.cause, first.text, first.remedy, stage, is_fault=bool(faults)
            )
        text = say("{why}; what failed: {what}", why=behind.text, what=first.text)
        return Conclusion(behind.cause, text, behind.remedy, stage, is_fault=True)

    @property
    def exit_code(self) -> int:
        """0 healthy, 4 for a fault, 6 for altered bytes or a foreign certificate."""
        faults = (
            Conclusion(each.cause, "", "", "", is_fault=True).exit_code
            for _, each in self._findings()
            if each.severity is Severity.FAULT
        )
        return max(faults, default=0)

    def _findings(self) -> Iterator[tuple[str, StageFinding]]:
        for stage in self.stages:
            for each in stage.findings:
                yield stage.name, each

    def _behind(self, cause: str) -> StageFinding | None:
        """Return the setting that a fault is due to."""
        for stage in self.stages:
            for each in (*stage.findings, *stage.notes):
                if each.explains_fault(cause):
                    return each
        return None
