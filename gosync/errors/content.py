"""Errors of what was brought or asked for: malformed, too large, withdrawn."""

from __future__ import annotations

from collections.abc import Mapping

from gosync.errors.base import GosyncError


class RejectedError(GosyncError):
    """Bytes arrived and break a rule; the run goes on without them.

    Attributes:
        answer: The bytes, where they come from an upstream and nobody but who
            raised this has them.
        served: Where, when and how the answer was served; None for no answer.
    """

    exit_code = 3
    answer: bytes = b""
    served: Mapping[str, object] | None = None


class MalformedError(RejectedError):
    """A value does not follow its grammar.

    Attributes:
        what: The kind of value ("module path", "note", "go.mod").
        value: The offending value, cut to 80 characters; "..." for one that looks
            as if it held a password or a token.
        reason: The rule it breaks.
    """

    def __init__(self, what: str, value: object, reason: str) -> None:
        self.what = what
        self.value = _quotable(str(value), is_path=what == "module path")
        self.reason = reason
        super().__init__(
            f"malformed {what} {self.value!r}: {reason}"
            if self.value
            else f"malformed {what}: {reason}"
        )


class PageError(MalformedError):
    """A page of HTML came in place of a file: whoever sent it has no files now."""

    failure_class = "http.captive_portal"


def _quotable(value: str, *, is_path: bool) -> str:
    """Return a value that a message may quote: no URL or login with a secret."""
    _, is_url, rest = value.partition("://")
    login, is_login, _ = value.rpartition("@")
    if is_url and set(rest) & set("@?#:"):
        return "..."
    if (is_login and ":" in login) or (is_path and ":" in value):
        return "..."
    return value[:80]


class MalformedTimeError(MalformedError, ValueError):
    """A text is no time of the calendar."""

    def __init__(self, value: object) -> None:
        super().__init__("time", value, "must be RFC 3339, of the years 1 to 9999")


class TooLargeError(RejectedError):
    """Something exceeds its limit.

    Attributes:
        limit_bytes: The limit.
    """

    def __init__(self, what: str, *, limit_bytes: int) -> None:
        super().__init__(f"{what}: larger than {limit_bytes} bytes")
        self.limit_bytes = limit_bytes


class WithdrawnError(GosyncError):
    """A version was asked for that an operator withdrew."""

    exit_code = 3
