"""Notes of requests: what the access log and the figures are told of each."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from itertools import count
from typing import Final

import msgspec

from gosync.clock import Clock
from gosync.config.serving import ServeSpec
from gosync.serve.accesslog import (
    AccessEntry,
    AccessLog,
    Outcome,
    access_time,
    logged_agent,
    logged_text,
)
from gosync.serve.answer import RequestScope
from gosync.serve.clients import address_of
from gosync.serve.figures import Figures
from gosync.serve.missinglog import NOTED, MissingLog, MissingSpec

_METHOD_CHARACTERS: Final = 20


class Noted(msgspec.Struct, frozen=True, gc=False):
    """How a request ended; what each field means is told in ``accesslog``."""

    status: int
    bytes: int
    seconds: float
    outcome: Outcome
    kind: str
    user: str = ""


class RequestNotes:
    """Takes notes of one worker's requests."""

    def __init__(
        self, spec: ServeSpec, clock: Clock, missing: MissingSpec | None = None
    ) -> None:
        """Begin.

        Args:
            spec: How the tree is served.
            clock: What time it is.
            missing: Where misses are noted for the catalog; None for nowhere.

        Raises:
            OSError: if a log cannot be opened.
        """
        self._clock = clock
        self._figures = Figures()
        self._access = (
            AccessLog(spec.access_log, spec.access_log_format)
            if spec.access_log
            else None
        )
        self._missing = None if missing is None else MissingLog(missing)
        self._trusted = frozenset(spec.trusted_proxies)
        self._number = count(1)
        self._prefix = secrets.token_hex(6)

    @property
    def is_logging(self) -> bool:
        """Whether there is an access log, which names each request."""
        return self._access is not None

    def new_id(self) -> Sequence[tuple[str, str]]:
        """Return the header that names a request, where a log does."""
        if self._access is None:
            return ()
        return (("x-request-id", f"{self._prefix}-{next(self._number):x}"),)

    def note(
        self, scope: RequestScope, noted: Noted, name: Sequence[tuple[str, str]]
    ) -> None:
        """Take down a request that was answered.

        Args:
            scope: The request.
            noted: How it ended.
            name: What ``new_id`` returned.
        """
        if noted.outcome is Outcome.HIT:
            self._figures.hit(noted.kind, noted.bytes)
        else:
            self._figures.other(noted.kind, noted.outcome, noted.bytes, noted.seconds)
        if self._access is not None:
            self._access.add(self._entry(scope, noted, name[0][1]))
        if self._missing is not None and noted.status in NOTED and noted.kind:
            self._missing.add(self._entry(scope, noted, name[0][1] if name else ""))

    def count_hit(self, kind: str, size_bytes: int) -> None:
        """Count a hit where there is no access log."""
        self._figures.hit(kind, size_bytes)

    def _entry(self, scope: RequestScope, noted: Noted, number: str) -> AccessEntry:
        return AccessEntry(
            access_time(self._clock.now()),
            address_of(scope, self._trusted),
            noted.user,
            logged_text(scope.method, _METHOD_CHARACTERS),
            logged_text(scope.path),
            noted.status,
            noted.bytes,
            round(noted.seconds, 4),
            noted.outcome,
            noted.kind,
            logged_agent(scope.headers.get("user-agent")),
            number,
        )

    def flush(self) -> None:
        """Write the lines that were taken down."""
        if self._access is not None:
            self._access.flush()
        if self._missing is not None:
            self._missing.flush(self._clock.monotonic())

    def close(self) -> None:
        """Write the last lines."""
        if self._access is not None:
            self._access.close()
        if self._missing is not None:
            self._missing.close()
