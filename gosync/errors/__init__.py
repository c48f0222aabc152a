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
     │  │  ├ MalformedTimeError             also a ValueError
     │  │  └ PageError                      HTML in place of a file
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
     │  │  └ BucketAwayError                a bucket's service does not answer
     │  │     ├ BucketConnectionError          a connection to it broke
     │  │     └ BucketThrottledError           it asks for fewer requests
     │  ├ BucketDeniedError              a bucket's service refuses our credentials
     │  ├ ObjectMissingError             a bucket has no object of this key
     │  ├ ObjectChangedError             a conditional write was refused
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

    base      base of all errors, and an interrupted run
    content   errors of what was brought or asked for: malformed, too large, withdrawn
    security  errors that are evidence of misbehaviour
    store     errors of our own disk and database, and of bundles' media
    upstream  errors of upstreams: no answer, or a definite no
    usage     errors that the caller can mend: a request, the configuration, the output
"""

from __future__ import annotations

from gosync.errors.base import GosyncError, InterruptedRunError
from gosync.errors.content import (
    MalformedError,
    MalformedTimeError,
    PageError,
    RejectedError,
    TooLargeError,
    WithdrawnError,
)
from gosync.errors.security import (
    ChecksumMismatchError,
    ForkError,
    RecordMismatchError,
    RollbackError,
    SecurityError,
    SignatureError,
    TileMismatchError,
)
from gosync.errors.store import (
    BlobCorruptError,
    BlobMissingError,
    BucketAwayError,
    BucketConnectionError,
    BucketDeniedError,
    BucketThrottledError,
    BundleGapError,
    CatalogError,
    IdentityError,
    LeaseLostError,
    LockedError,
    NoSpaceError,
    ObjectChangedError,
    ObjectMissingError,
    RecordTooNewError,
    SchemaVersionError,
    StoreAwayError,
    StoreError,
    VolumeError,
)
from gosync.errors.upstream import (
    NotFetchedError,
    NotFoundError,
    OfflineError,
    SourceDownError,
    TruncatedError,
    UnavailableError,
    UpstreamStatusError,
    UpstreamTimeoutError,
)
from gosync.errors.usage import (
    ClosedPipeError,
    ConfigError,
    IncompleteError,
    NoConfigError,
    OutputError,
    StalePlanError,
    TooManyDeletesError,
    UsageError,
    VolumeSpentError,
)

__all__ = [
    "BlobCorruptError",
    "BlobMissingError",
    "BucketAwayError",
    "BucketConnectionError",
    "BucketDeniedError",
    "BucketThrottledError",
    "BundleGapError",
    "CatalogError",
    "ChecksumMismatchError",
    "ClosedPipeError",
    "ConfigError",
    "ForkError",
    "GosyncError",
    "IdentityError",
    "IncompleteError",
    "InterruptedRunError",
    "LeaseLostError",
    "LockedError",
    "MalformedError",
    "MalformedTimeError",
    "NoConfigError",
    "NoSpaceError",
    "NotFetchedError",
    "NotFoundError",
    "ObjectChangedError",
    "ObjectMissingError",
    "OfflineError",
    "OutputError",
    "PageError",
    "RecordMismatchError",
    "RecordTooNewError",
    "RejectedError",
    "RollbackError",
    "SchemaVersionError",
    "SecurityError",
    "SignatureError",
    "SourceDownError",
    "StalePlanError",
    "StoreAwayError",
    "StoreError",
    "TileMismatchError",
    "TooLargeError",
    "TooManyDeletesError",
    "TruncatedError",
    "UnavailableError",
    "UpstreamStatusError",
    "UpstreamTimeoutError",
    "UsageError",
    "VolumeError",
    "VolumeSpentError",
    "WithdrawnError",
]
