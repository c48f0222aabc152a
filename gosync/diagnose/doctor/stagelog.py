"""The log of a run: each stage, timed, with what it found and saw."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from gosync.clock import Clock
from gosync.diagnose.doctor.diagnosis import (
    FaultFoundError,
    Severity,
    Stage,
    StageFinding,
    fault,
)
from gosync.errors import GosyncError


class StageDraft:
    """A stage under way.

    Attributes:
        facts: What was seen.
        findings: Faults and warnings.
        notes: Settings that may explain a fault of a later stage.
        curl: The command line that asks the same.
    """

    def __init__(self, curl: str = "") -> None:
        self.facts: list[str] = []
        self.findings: list[StageFinding] = []
        self.notes: list[StageFinding] = []
        self.curl = curl

    def saw(self, fact: str) -> None:
        """Note a fact."""
        self.facts.append(fact)

    def add(self, finding: StageFinding) -> None:
        """Note a finding, or a note."""
        is_note = finding.severity is Severity.NOTE
        (self.notes if is_note else self.findings).append(finding)

    def warn(self, cause: str, text: str, remedy: str = "") -> None:
        """Note a warning."""
        self.add(
            StageFinding(
                cause=cause, text=text, remedy=remedy, severity=Severity.WARNING
            )
        )

    def blame(self, cause: str, text: str, remedy: str = "") -> None:
        """Note a fault, and go on."""
        self.add(StageFinding(cause=cause, text=text, remedy=remedy))


class StageLog:
    """Collects the stages of a run.

    Attributes:
        stages: Those that ended.
        prefix: What the names of further stages begin with.
    """

    def __init__(
        self, clock: Clock, watch: Callable[[str], object] | None = None
    ) -> None:
        """Begin a log.

        Args:
            clock: Times the stages.
            watch: Is told the name of each stage as it begins.
        """
        self._watch = watch
        self.stages: list[Stage] = []
        self.prefix = ""
        self.clock = clock

    @contextmanager
    def stage(self, name: str, *, curl: str = "") -> Iterator[StageDraft]:
        """Run a stage; a FaultFoundError is noted in it, and passed on."""
        draft = StageDraft(curl)
        if self._watch is not None:
            self._watch(self.prefix + name)
        start = self.clock.monotonic()
        try:
            yield draft
        except FaultFoundError as exc:
            draft.add(exc.finding)
            raise
        except GosyncError as exc:  # what came breaks a rule
            error = fault("protocol.info_json", str(exc), "tell the mirror's operator")
            draft.add(error.finding)
            raise error from exc
        finally:
            self.stages.append(
                Stage(
                    name=self.prefix + name,
                    seconds=self.clock.monotonic() - start,
                    findings=tuple(draft.findings),
                    notes=tuple(draft.notes),
                    facts=tuple(draft.facts),
                    curl=draft.curl,
                )
            )

    def demote(self, since: int) -> None:
        """Make warnings of the faults of all stages from one on."""
        for number, stage in enumerate(self.stages[since:], start=since):
            findings = tuple(
                msgspec.structs.replace(each, severity=Severity.WARNING)
                for each in stage.findings
            )
            self.stages[number] = msgspec.structs.replace(stage, findings=findings)

    def excuse(self, since: int) -> None:
        """Make facts of the findings of all stages from one on."""
        for number, stage in enumerate(self.stages[since:], start=since):
            facts = (*stage.facts, *(each.text for each in stage.findings))
            self.stages[number] = msgspec.structs.replace(
                stage, findings=(), facts=facts
            )
