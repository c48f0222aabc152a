"""obstore's exceptions, made into ours.

It tells most failures by one class and a long text: the request, the answer's status
and body, then everything again for debugging. The first part is read for the status
and the service's code; of it a message gets the code and the service's sentence.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)

from gosync.errors import (
    BucketAwayError,
    BucketConnectionError,
    BucketDeniedError,
    BucketThrottledError,
    NoSpaceError,
    ObjectChangedError,
    ObjectMissingError,
    StoreError,
)
from gosync.pattern import compile_on_use
from gosync.text import printable

_STATUS = compile_on_use(r"status code: (\d{3})")
_CODE = compile_on_use(r"<Code>([A-Za-z0-9]{1,60})</Code>")
_SENTENCE = compile_on_use(r"<Message>([^<]{1,300})</Message>")
_RETRIED = compile_on_use(r"after (\d+) retries(?:, max_retries: (\d+))?")
_THROTTLED = {"429", "503"}
_FULL = compile_on_use("QuotaExceeded|StorageFull|InsufficientCapacity")
# Where instance roles are asked for: nothing else has given any credentials.
_ROLES = ("169.254.169.254", "169.254.170.2", "fd00:ec2", "metadata.google")


@contextmanager
def object_errors(subject: str) -> Iterator[None]:
    """Turn obstore's exceptions into ours.

    Raises:
        StoreError: one of its classes that ``bucket`` names.
    """
    try:
        yield
    except (BaseError, OSError, ValueError) as error:
        raise failure_of(subject, error) from None  # its text is long, and said here


def failure_of(subject: str, error: Exception) -> StoreError:
    """Return ours for one of obstore's exceptions."""
    text = str(error).partition("Debug source:")[0]
    if isinstance(error, AlreadyExistsError | PreconditionError):
        return ObjectChangedError(f"{subject}: written by somebody else meanwhile")
    if "NoSuchBucket" in text or "ContainerNotFound" in text:
        return BucketAwayError(
            f"{subject}: the bucket is not there",
            hint="make the bucket, or correct store.path or publish.tree",
        )
    if isinstance(error, FileNotFoundError):
        return ObjectMissingError(f"{subject}: there is no such object")
    return _refused(subject, error, text)


def _refused(subject: str, error: Exception, text: str) -> StoreError:
    if any(address in text for address in _ROLES):
        return BucketDeniedError(
            f"{subject}: no credentials were found",
            hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
        )
    if _FULL.search(_reason(text)):
        return NoSpaceError(
            f"{subject}: {_reason(text)}",
            hint="raise the bucket's quota, or remove something",
        )
    if isinstance(error, PermissionDeniedError | UnauthenticatedError):
        return _denied(subject, text)
    return _answered(subject, text) or _unanswered(subject, str(error))


def _denied(subject: str, text: str) -> StoreError:
    return BucketDeniedError(
        f"{subject}: {_reason(text) or 'access is denied'}",
        hint="check the credentials (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or"
        " AWS_PROFILE), the clock, and what the bucket's policy lets them do",
    )


def _answered(subject: str, text: str) -> StoreError | None:
    """Return the error for an answer's status; None where there was no answer."""
    match = _STATUS.search(text)
    if match is None:
        return None
    status, reason = match[1], _reason(text) or f"status {match[1]}"
    if status in _THROTTLED or "SlowDown" in reason:
        return BucketThrottledError(
            f"{subject}: the service asks for fewer requests: {reason}",
            hint="run the command again later: what is done stays done",
        )
    if status.startswith("5") and status != "501":
        return BucketAwayError(
            f"{subject}: the service failed: {reason}",
            hint="run the command again later: what is done stays done",
        )
    return StoreError(
        f"{subject}: {reason}",
        hint="check the bucket's name and [s3]: endpoint, region, path_style",
    )


def _unanswered(subject: str, text: str) -> StoreError:
    if "invalid peer certificate" in text:
        return BucketAwayError(
            f"{subject}: the service's certificate is not believed",
            hint="name its authority's file in s3.ca_file",
        )
    kind = BucketAwayError if _is_over(text) else BucketConnectionError
    return kind(
        f"{subject}: the service does not answer: {_cause(text)}",
        hint="check s3.endpoint and the network, then run the command again",
    )


def _is_over(text: str) -> bool:
    """Return whether the library sent it again as often as it may.

    It does so where no connection was made or the service was busy, and not where a
    connection broke, be it that of a request which it had to send again before.
    """
    found = _RETRIED.search(text)
    return found is not None and found[2] in (None, found[1])


def _reason(text: str) -> str:
    """Return the service's code and sentence, as far as it said any."""
    parts = [
        found[1] for found in (_CODE.search(text), _SENTENCE.search(text)) if found
    ]
    return printable(": ".join(parts))


def _cause(text: str) -> str:
    """Return why there was no answer, in a few words."""
    for sign, words in (
        ("Connection refused", "connection refused"),
        ("dns error", "the host's name is not known"),
        ("operation timed out", "timed out"),
        ("TimedOut", "timed out"),
        ("onnection reset", "connection reset"),
        ("builder error", "the address is no URL that can be asked"),
    ):
        if sign in text:
            return words
    return printable(" ".join(text.partition("Debug source:")[0].split()))[-160:]
