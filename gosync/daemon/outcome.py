"""Outcome of a job, and what a job works with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import msgspec

from gosync.config.config import Config
from gosync.errors import SecurityError
from gosync.site.site import Site
from gosync.work.progress import Progress
from gosync.work.stop import Stop


class JobWork(msgspec.Struct, frozen=True):
    """What a job works with.

    Attributes:
        site: The site, open; what the job needs for itself is held.
        config: The configuration.
        progress: Must be told of every step: silence is taken for a hang.
        stop: Ends the job early.
        time_limit_seconds: When it will.
    """

    site: Site
    config: Config
    progress: Progress
    stop: Stop
    time_limit_seconds: float


class JobOutcome(msgspec.Struct, frozen=True):
    """How a job ended.

    Attributes:
        exit_code: As the command of this name would have left with.
        error: Why it is not 0.
        summary: What it did, as JSON.
        stands_open: Whether the code only says that findings stand open.
        fatal: After this error to go on would be wrong: what we trust is in doubt.
        troubles: What the code is about, named the same at every run; None where the
            code is news each time.
    """

    exit_code: int = 0
    error: str = ""
    summary: Mapping[str, object] = msgspec.field(default_factory=dict)
    stands_open: bool = False
    fatal: SecurityError | None = None
    troubles: tuple[str, ...] | None = None

    @property
    def is_good(self) -> bool:
        """Whether the job did what it was to do, whatever it found by that."""
        return self.exit_code == 0 or self.stands_open


Job: TypeAlias = Callable[[JobWork], Awaitable[JobOutcome]]
