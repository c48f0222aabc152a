"""Figures of the server for Prometheus, over all its processes.

Each process counts in files of its own in one folder, as prometheus-client's
multi-process mode has it; whichever process is asked adds them up. That mode is chosen
as the library is imported, by PROMETHEUS_MULTIPROC_DIR, so ``count_in`` comes first, in
the process that starts the others.

    gosync_serve_requests_total{kind,outcome}   requests; kinds and outcomes are the
                                                access log's
    gosync_serve_bytes_total{kind}              bytes of bodies
    gosync_serve_answer_seconds{outcome}        until an answer was begun; hits excluded
    gosync_serve_flights                        what is being brought now
    gosync_serve_upstream_seconds{kind,result}  bringing it: result ok, no or failed
    gosync_serve_head_age_seconds               since its newest tree head came
    gosync_serve_tree_age_seconds               since the tree changed last
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # it is chosen by the environment as it is imported
    from prometheus_client import Counter

_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
_BUCKETS: Final = (0.005, 0.025, 0.1, 0.25, 1, 2.5, 10, 30, 120, 600)
CONTENT_TYPE: Final = "text/plain; version=1.0.0; charset=utf-8"


def count_in(folder: Path) -> None:
    """Let this process and those that it starts count in a folder."""
    folder.mkdir(mode=0o700, exist_ok=True)
    os.environ[_FOLDER] = str(folder)


class Figures:
    """What one process counts, and the sum of all."""

    def __init__(self) -> None:
        from prometheus_client import (  # noqa: PLC0415 - see the module
            CollectorRegistry,
            Counter,
            Gauge,
            Histogram,
        )

        own = CollectorRegistry()
        self._requests = Counter(
            "gosync_serve_requests",
            "Requests, by what was asked for and how it ended.",
            ["kind", "outcome"],
            registry=own,
        )
        self._bytes = Counter(
            "gosync_serve_bytes", "Bytes of bodies.", ["kind"], registry=own
        )
        self._seconds = Histogram(
            "gosync_serve_answer_seconds",
            "Time until an answer was begun that is no hit.",
            ["outcome"],
            registry=own,
            buckets=_BUCKETS,
        )
        self._flights = Gauge(
            "gosync_serve_flights",
            "What is being brought now.",
            registry=own,
            multiprocess_mode="livesum",
        )
        self._upstream = Histogram(
            "gosync_serve_upstream_seconds",
            "Time that bringing something took.",
            ["kind", "result"],
            registry=own,
            buckets=_BUCKETS,
        )
        self._head_age = Gauge(
            "gosync_serve_head_age_seconds",
            "Since the checksum database gave its newest head.",
            registry=own,
            multiprocess_mode="livemax",
        )
        self._hits: dict[str, tuple[Counter, Counter]] = {}

    def hit(self, kind: str, size_bytes: int) -> None:
        """Count an answer from the tree or from what was held."""
        pair = self._hits.get(kind)
        if pair is None:
            pair = self._requests.labels(kind, "hit"), self._bytes.labels(kind)
            self._hits[kind] = pair
        pair[0].inc()
        pair[1].inc(size_bytes)

    def other(self, kind: str, outcome: str, size_bytes: int, seconds: float) -> None:
        """Count another answer."""
        self._requests.labels(kind, outcome).inc()
        self._bytes.labels(kind).inc(size_bytes)
        self._seconds.labels(outcome).observe(seconds)

    def flights(self, count: int) -> None:
        """Say how much is being brought now."""
        self._flights.set(count)

    def head_age(self, seconds: float) -> None:
        """Say how old the newest tree head is."""
        self._head_age.set(seconds)

    def brought(self, kind: str, result: str, seconds: float) -> None:
        """Count something that was brought, or was not."""
        self._upstream.labels(kind, result).observe(seconds)


def exposition(tree_age_seconds: float | None) -> bytes:
    """Return the sum over all processes, in Prometheus' text format."""
    from prometheus_client import (  # noqa: PLC0415 - see the module
        CollectorRegistry,
        generate_latest,
    )
    from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415

    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    text = generate_latest(registry)
    if tree_age_seconds is not None:
        text += (
            "# HELP gosync_serve_tree_age_seconds Since the tree changed last.\n"
            "# TYPE gosync_serve_tree_age_seconds gauge\n"
            f"gosync_serve_tree_age_seconds {tree_age_seconds:.0f}\n"
        ).encode()
    return text


def forget_process(pid: int) -> None:
    """Take a process that ended out of what is counted as happening now."""
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415

    mark_process_dead(pid)  # type: ignore[no-untyped-call]
