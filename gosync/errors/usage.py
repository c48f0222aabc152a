"""Errors that the caller can mend: a request, the configuration, the output."""

from __future__ import annotations

from gosync.errors.base import GosyncError


class UsageError(GosyncError):
    """The caller asked for something that makes no sense."""

    exit_code = 2


class ConfigError(UsageError):
    """The configuration file is missing, unreadable or wrong."""


class NoConfigError(ConfigError):
    """No configuration file is where one is looked for."""


class TooManyDeletesError(UsageError):
    """More would be removed at once than is likely meant; nobody said that it is."""


class OutputError(UsageError):
    """Standard output is closed or cannot be written: the result is lost."""


class ClosedPipeError(OutputError):
    """Whoever read standard output has gone; nobody is there to be told."""

    exit_code = 141  # 128 + SIGPIPE, as of a program that the signal ends


class StalePlanError(UsageError):
    """The state has changed since a plan was made."""


class IncompleteError(GosyncError):
    """Not while the selection is incomplete; a later sync completes it."""

    exit_code = 3


class VolumeSpentError(IncompleteError):
    """No zips this month: what may come in it has come.

    Attributes:
        retry_after_seconds: How long this month still lasts.
    """

    def __init__(self, message: str, *, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
