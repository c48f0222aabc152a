"""Base of all errors, and an interrupted run."""

from __future__ import annotations

from gosync.hint import Hint


class GosyncError(Exception):
    """Base of all errors; its exit code is the process's.

    Attributes:
        hint: What to do next, in one sentence, or None.
        failure_class: Its class in the catalogue of failures, "" for none.
    """

    exit_code = 1
    failure_class: str = ""

    def __init__(self, message: str, *, hint: Hint | str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class InterruptedRunError(GosyncError):
    """A signal asked us to stop; the state is saved.

    Attributes:
        exit_code: 128 + the signal's number.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__(
            f"interrupted by signal {signal_number}",
            hint="state is saved; run the same command again to go on",
        )
        self.exit_code = 128 + signal_number
