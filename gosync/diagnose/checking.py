"""Asks the world what a log leaves open: which of the candidates it is, here and now.

Doctor walks the way to the module that a failure names; its conclusion takes the
candidates' place. It asks nobody whom ``go`` would not ask with the same settings, and
sends no private name where it must not go. What is healthy now, or names no module,
stays as the log tells it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from gosync.clock import Clock
from gosync.diagnose.catalogue import FailureCatalogue
from gosync.diagnose.doctor.diagnosis import Conclusion
from gosync.diagnose.doctor.walk import DoctorRequest, DoctorRun
from gosync.diagnose.recognising import LogReading, RecognisedFailure

_MOST_MODULES: Final = 5
_MODULE: Final = re.compile(r"[A-Za-z0-9][\w.~/-]*\.[\w.~/-]+(?:@[\w.+~<>=/-]+)?")


class CheckSetting(msgspec.Struct, frozen=True, kw_only=True):
    """Where the world is asked from.

    Attributes:
        environment: The process's environment.
        folder: Where one stands.
        command: The command whose output it was, if it is known.
        timeout_seconds: How long to wait for a connection or the next bytes.
    """

    environment: Mapping[str, str]
    folder: Path
    command: tuple[str, ...] = ()
    timeout_seconds: float = 10.0


class WorldCheck:
    """Asks for each module once, and for a few of them."""

    def __init__(
        self, catalogue: FailureCatalogue, setting: CheckSetting, clock: Clock
    ) -> None:
        """Make one; nothing is asked yet."""
        self._known = {each.name for each in catalogue}
        self._setting = setting
        self._clock = clock
        self._conclusions: dict[str, Conclusion] = {}

    def check(self, reading: LogReading) -> LogReading:
        """Return what a log tells, with causes where the world tells them."""
        failures = tuple(self._checked(one) for one in reading.failures)
        return replace(reading, failures=failures)

    def _checked(self, one: RecognisedFailure) -> RecognisedFailure:
        if len(one.candidates) < 2:
            return one
        subject = _subject_of(one) or _subject_in(self._setting.command)
        found = self._conclusion(subject) if subject else None
        if found is None or not found.is_fault or found.cause not in self._known:
            return one
        return replace(one, candidates=(found.cause,), narrower=None)

    def _conclusion(self, subject: str) -> Conclusion | None:
        if subject not in self._conclusions:
            if len(self._conclusions) >= _MOST_MODULES:
                return None
            request = DoctorRequest(
                subject=subject,
                environment=self._setting.environment,
                folder=self._setting.folder,
                timeout_seconds=self._setting.timeout_seconds,
            )
            found = DoctorRun(request, self._clock).diagnose().conclusion
            self._conclusions[subject] = found
        return self._conclusions[subject]


def _subject_of(one: RecognisedFailure) -> str:
    """Return the module and version that a failure names, "" for none."""
    module, version = one.places.get("module", ""), one.places.get("version", "")
    named = f"{module}@{version}" if module and version else module
    return named if _MODULE.fullmatch(named) else ""


def _subject_in(command: Iterable[str]) -> str:
    """Return the one module that a command names, "" for none or several."""
    named = [word for word in command if _MODULE.fullmatch(word) and "/" in word]
    asked = [word for word in named if not word.startswith(("./", "../"))]
    return asked[0] if len(asked) == 1 else ""
