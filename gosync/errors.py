"""Every error that gosync raises, sorted by who can act on it. Pure.

    GosyncError                  exit 1  base, never raised bare
     ├ UsageError                     2  the caller: the request is wrong
     │  ├ ConfigError                    the configuration is wrong
     │  │  └ NoConfigError               there is no configuration file
     │  ├ TooManyDeletesError            more would go than is likely meant
     │  ├ OutputError                    standard output cannot be written
     │  │  └ ClosedPipeError        141  its reader has gone
     │  └ StalePlanError                 the state changed since the plan
     ├ UnavailableError              75  wait: no answer now, later perhaps
     │  ├ UpstreamTimeoutError           a deadline passed
     │  ├ UpstreamStatusError            401, 429, 5xx: .status, .retry_after_seconds;
     │  │                                exit 3 for a refusal that stays: 403, 451
     │  ├ TruncatedError                 fewer bytes than declared
     │  └ OfflineError                   needs the network, may not use it
     ├ NotFoundError                  3  a definite no (404, 410)
     │  └ NotFetchedError                the upstream may not fetch it: unknown
     ├ RejectedError                  3  the publisher: bytes came and break a rule
     │  ├ MalformedError                 .what, .value, .reason
     │  │  └ MalformedTimeError             also a ValueError
     │  └ TooLargeError                  .limit_bytes
     ├ WithdrawnError                 3  an operator withdrew the version asked for
     ├ BundleGapError                13  a bundle builds on what is not here
     ├ VolumeError                   14  the carrier: a medium lacks or garbles bytes
     ├ StoreError                     7  the operator: our disk or database
     │  ├ BlobMissingError
     │  ├ BlobCorruptError
     │  ├ CatalogError
     │  │  └ SchemaVersionError          a newer gosync wrote it
     │  ├ StoreAwayError                 it was there: an unmounted disk
     │  ├ IdentityError                  store, catalog, journal, tree do not fit
     │  ├ LockedError                11  another gosync holds a lock or a lease
     │  │  └ LeaseLostError          11  somebody else took over what we held
     │  └ NoSpaceError               15  the disk is full
     ├ SecurityError                  6  evidence of misbehaviour: never downgrade
     │  ├ SignatureError                 a note no trusted key signed
     │  ├ ForkError                      .old_note, .new_note, .proof
     │  ├ RollbackError                  a log or a bundle shrank
     │  ├ TileMismatchError              a tile does not lead to the signed root
     │  ├ RecordMismatchError            not in the tree, or it lacks a line
     │  └ ChecksumMismatchError          the h1 differs: .want, .got
     └ InterruptedRunError      130/143  a signal; state saved

A pure function raises MalformedError, RejectedError or SecurityError, or
returns. A dependency's exception becomes one of these at its owner's border.
The sentence is ``subject: reason`` without a final period; ``hint`` names the
next step, and ``failure_class`` the class of failures of gosync.diagnose that the
same would be of if ``go`` met it.
"""

from __future__ import annotations

from collections.abc import Mapping

from gosync.hint import Hint

_REFUSALS = frozenset({403, 451})
_CLASSES = {
    400: "http.400",
    401: "http.401",
    403: "http.403",
    407: "proxy.auth",
    429: "http.429",
    451: "http.403",
    500: "http.500",
    502: "http.502",
    503: "http.503",
    504: "http.504",
}


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


class UnavailableError(GosyncError):
    """No answer could be had now; a later try may succeed.

    Attributes:
        was_reached: False where not even a connection could be made.
    """

    exit_code = 75
    was_reached = True


class SourceDownError(UnavailableError):
    """A source was not asked, since it gave no answers a moment ago.

    Attributes:
        retry_after_seconds: How long it asked to be left alone, None where it did not.
        closed_seconds: How long it is left alone in any case.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after_seconds: float | None = None,
        closed_seconds: float = 0.0,
    ) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
        self.closed_seconds = closed_seconds


class UpstreamTimeoutError(UnavailableError):
    """A connect, read or total deadline passed, or the upstream said so."""

    failure_class = "network.timeout"


class UpstreamStatusError(UnavailableError):
    """The upstream answered with a status that is neither yes nor a definite no.

    Attributes:
        exit_code: 3 for a refusal that waiting does not change (403, 451), else 75.
            It is no definite no: whether the thing exists stays unknown.
        status: The HTTP status.
        retry_after_seconds: What Retry-After asked for, or None.
        may_ease: Whether it was a refusal for load that fewer requests may end.
    """

    may_ease = False

    def __init__(
        self, message: str, *, status: int, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(message)
        if status in _REFUSALS:
            self.exit_code = NotFoundError.exit_code
        self.status = status
        self.retry_after_seconds = retry_after_seconds
        other = "http.5xx" if status >= 500 else "http.other"
        self.failure_class = _CLASSES.get(status, other)


class TruncatedError(UnavailableError):
    """The connection ended before the declared number of bytes."""

    failure_class = "download.truncated"


class OfflineError(UnavailableError):
    """The network is needed and may not be used."""


class NotFoundError(GosyncError):
    """The upstream said no for certain (404 or 410)."""

    exit_code = 3


class NotFetchedError(NotFoundError):
    """The upstream does not have it and was told not to fetch it."""


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
        super().__init__(f"malformed {what} {self.value!r}: {reason}")


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


class BundleGapError(GosyncError):
    """A bundle builds on contents that are not here; need.json names them."""

    exit_code = 13


class VolumeError(GosyncError):
    """A bundle's file is missing, unreadable, or not what the header binds."""

    exit_code = 14


class StoreError(GosyncError):
    """Our own disk or database is damaged, read-only or not there."""

    exit_code = 7


class RecordTooNewError(StoreError):
    """A carried record is in no tree head that is known yet."""


class BlobMissingError(StoreError):
    """A row names a blob that is not there, or is empty or of another size."""


class BlobCorruptError(StoreError):
    """A blob's bytes do not have its digest."""


class CatalogError(StoreError):
    """The catalog cannot be read or written."""


class SchemaVersionError(CatalogError):
    """The catalog was written by a newer gosync."""


class StoreAwayError(StoreError):
    """The store or the tree was there and is not: an unmounted disk, most likely."""


class IdentityError(StoreError):
    """Store, catalog, journal and tree do not belong together, or one is older."""


class LockedError(StoreError):
    """Another gosync holds a lock of the store, or a lease of its catalog."""

    exit_code = 11


class LeaseLostError(LockedError):
    """This run was taken for dead, and somebody else goes on in its place."""


class NoSpaceError(StoreError):
    """The disk is full, or would be below its reserve."""

    exit_code = 15
    failure_class = "disk.full"


class SecurityError(GosyncError):
    """Evidence that somebody misbehaves; kept, never retried away."""

    exit_code = 6


class SignatureError(SecurityError):
    """No trusted key signed this note."""


class ForkError(SecurityError):
    """Two signed tree heads of one log contradict each other.

    Attributes:
        old_note: The signed tree head that was trusted, as bytes.
        new_note: The signed tree head that contradicts it, as bytes.
        proof: One line each for the hashes that show it.
    """

    failure_class = "sum.fork"

    def __init__(
        self, message: str, *, old_note: bytes, new_note: bytes, proof: tuple[str, ...]
    ) -> None:
        super().__init__(message)
        self.old_note = old_note
        self.new_note = new_note
        self.proof = proof


class RollbackError(SecurityError):
    """A log or a bundle went back behind what was already trusted."""


class TileMismatchError(SecurityError):
    """A tile's hashes do not lead to the signed root.

    Attributes:
        tiles: The paths of the tiles that are known to be wrong.
    """

    failure_class = "sum.forged"

    def __init__(self, message: str, *, tiles: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.tiles = tiles


class RecordMismatchError(SecurityError):
    """A record is not in the signed tree, or lacks the line asked for."""

    failure_class = "sum.absent"


class ChecksumMismatchError(SecurityError):
    """The h1: of what was served differs from what is proven or pinned.

    Attributes:
        want: The h1 that the log or the pin demands.
        got: The h1 of the bytes that were served, or that a go.sum has.
        file: Which file was served, "mod" or "zip" (a ``gomod.filekind.FileKind``);
            "" where none was.
        served_url: Where it was, without secrets.
    """

    failure_class = "sum.sumdb_mismatch"
    file: str = ""
    served_url: str = ""

    def __init__(
        self,
        subject: str,
        *,
        want: str,
        got: str,
        authority: str,
        said: str = "served was",
        hint: Hint | str | None = None,
    ) -> None:
        super().__init__(f"{subject}: {authority} has {want}, {said} {got}", hint=hint)
        self.want = want
        self.got = got


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
