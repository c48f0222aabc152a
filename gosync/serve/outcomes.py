"""What a failure is answered with. Pure.

404   a definite no, and that alone: ``go`` goes on to the next proxy after it
403   our own rules, an operator's withdrawal
502   what came was wrong; the next try may find it right
503   no answer now, from upstream or from our own disk
"""

from __future__ import annotations

from typing import Final

from gosync.errors import (
    GosyncError,
    NotFetchedError,
    NotFoundError,
    StoreError,
    UnavailableError,
    VolumeSpentError,
    WithdrawnError,
)
from gosync.hint import command
from gosync.serve.origin import Fate, OriginAnswer

HERE: Final = OriginAnswer(Fate.HERE)
NOT_FOUND: Final = OriginAnswer(Fate.NO)
_AGAIN_SECONDS: Final = 5.0
_MOST_AGAIN_SECONDS: Final = 120.0


def denied(subject: object, reason: str) -> OriginAnswer:
    """Return the answer that a rule gives."""
    return OriginAnswer(Fate.DENIED, f"{subject}: not from this mirror: {reason}\n")


def is_definite_no(error: GosyncError) -> bool:
    """Return whether an error says that there is no such thing."""
    return isinstance(error, NotFoundError) and not isinstance(error, NotFetchedError)


def answer_of_error(error: GosyncError, subject: object) -> OriginAnswer:
    """Return what to answer to who asked for something that failed."""
    text = f"{subject}: {error}\n"
    if error.failure_class:
        text += f"more: {command('explain', error.failure_class)}\n"
    if is_definite_no(error):
        return OriginAnswer(Fate.NO, f"not found: {text}")
    if isinstance(error, WithdrawnError):
        return denied(subject, str(error))
    if isinstance(error, UnavailableError | VolumeSpentError | StoreError):
        asked_for = getattr(error, "retry_after_seconds", None) or _AGAIN_SECONDS
        return OriginAnswer(Fate.LATER, text, min(asked_for, _MOST_AGAIN_SECONDS))
    return OriginAnswer(Fate.FAILED, text)
