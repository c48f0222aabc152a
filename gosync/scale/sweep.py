"""Sweep on Dask: steps given to a scheduler, which gives them to its workers.

A worker that is lost loses nothing: the scheduler gives its steps to others. A
scheduler that is lost ends the sweep; what was taken from it is kept, and the next run
goes on with the rest. So does a scheduler without any worker for a minute.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager
from threading import Event, Lock
from time import monotonic
from typing import Final, TypeVar

import dask
from distributed import Client, Future, KilledWorker, Security

from gosync import __version__
from gosync.errors import StoreError, UnavailableError, UsageError
from gosync.hint import advise
from gosync.scale.cluster import local_workers
from gosync.scale.options import SchedulerAddress, SweepTls
from gosync.scale.remote import StepCall, StepOutcome, run_step, worker_version
from gosync.work.interruption import check_waiting
from gosync.work.sweep import Pending, Sweep, UnsharedError

T = TypeVar("T")
R = TypeVar("R")

_CONNECT_SECONDS: Final = 20
_POLL_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 5.0
_WORKERS_SECONDS: Final = 60
_CLOSE_SECONDS: Final = 5
_AGAIN: Final = "what was done is kept: run it again"


class DaskSweep(Sweep):
    """The workers of one scheduler; threads may share it.

    Attributes:
        scheduler: The scheduler's address.
    """

    def __init__(self, client: Client, scheduler: str) -> None:
        self.scheduler = scheduler
        self._client = client
        self._lock = Lock()
        self._width = 1
        self._had_workers_at = monotonic()
        self._looked_at = 0.0

    @property
    def width(self) -> int:
        """How many steps the workers do at once, as was known some seconds ago."""
        return self._width

    def begin(self, step: Callable[[T], R], item: T) -> Pending[R]:
        """See Sweep."""
        call = StepCall(step, item)
        future = self._client.submit(run_step, call, pure=False)
        return _DaskPending(self, future, call)

    def look(self) -> None:
        """Look who is there, once in some seconds.

        Raises:
            UnavailableError: nobody, or the scheduler is gone.
        """
        with self._lock:
            now = monotonic()
            if now - self._looked_at < _LOOK_SECONDS:
                return
            self._looked_at = now
            try:
                threads = sum(self._client.nthreads().values())
            except (OSError, ValueError, CancelledError) as exc:
                raise _gone() from exc
            if threads:
                self._width, self._had_workers_at = threads, now
            elif now - self._had_workers_at > _WORKERS_SECONDS:
                raise UnavailableError(
                    f"the scheduler has had no worker for {_WORKERS_SECONDS} s",
                    hint=_AGAIN,
                )


class _DaskPending(Pending[R]):
    def __init__(
        self, sweep: DaskSweep, future: Future[StepOutcome], call: StepCall
    ) -> None:
        self._sweep = sweep
        self._future = future
        self._call = call
        self._ended = Event()
        future.add_done_callback(lambda _: self._ended.set())

    def result(self) -> R:
        outcome = self._outcome()
        self._future.release()
        if outcome.refusal:
            raise UnsharedError(
                outcome.refusal,
                hint=f"give each worker gosync {__version__}, and the same folders at"
                " the same paths",
            )
        value: R = (
            outcome.value if outcome.is_done else self._call.step(self._call.item)
        )
        return value

    def _outcome(self) -> StepOutcome:
        """Wait for its end, then for its result; Dask's own wait loses a cancelling."""
        self._sweep.look()
        while not self._ended.wait(_POLL_SECONDS):
            check_waiting()
            self._sweep.look()
        if self._future.cancelled():
            raise _gone()
        try:
            return self._future.result()
        except CancelledError as exc:
            raise _gone() from exc
        except KilledWorker as exc:
            raise StoreError(
                "several workers were killed one after the other at one step",
                hint=f"do they have enough memory? {_AGAIN}",
            ) from exc

    def cancel(self) -> None:
        """Let go of it: the scheduler forgets what no worker has begun."""
        self._future.release()


def _gone() -> UnavailableError:
    return UnavailableError("the scheduler of the sweep is gone", hint=_AGAIN)


@contextmanager
def open_sweep(address: SchedulerAddress, tls: SweepTls) -> Iterator[DaskSweep]:
    """Start workers of this machine, or connect to a scheduler.

    Raises:
        UnavailableError: nobody answers there, or it has no workers.
        UsageError: its workers have no gosync, or another one; or the certificates
            do not fit.
    """
    _hush()
    with ExitStack() as stack:
        url, security = address.url, _security(address, tls)
        if not url:
            url, security = stack.enter_context(local_workers(address.workers))
        client = stack.enter_context(_connect(url, security))
        _check_workers(client)
        sweep = DaskSweep(client, url)
        sweep.look()
        yield sweep


def _hush() -> None:
    """Let Dask say nothing: what becomes of a sweep is told by who began it."""
    for name in list(logging.Logger.manager.loggerDict):
        if name.partition(".")[0] in {"distributed", "tornado"}:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _security(address: SchedulerAddress, tls: SweepTls) -> Security | None:
    """Return our certificates, or those of Dask's own configuration."""
    if not address.is_encrypted:
        return None
    if tls.ca_file:
        return Security(
            tls_ca_file=tls.ca_file,
            tls_client_cert=tls.cert_file,
            tls_client_key=tls.key_file or None,
            require_encryption=True,
        )
    if not dask.config.get("distributed.comm.tls.client.cert"):
        raise UsageError(
            f"{address.url}: there is no certificate to meet it with",
            hint="set scale.ca_file and scale.client_cert",
        )
    return Security(require_encryption=True)


@contextmanager
def _connect(url: str, security: Security | None) -> Iterator[Client]:
    try:
        client = Client(
            url,
            security=security,
            timeout=_CONNECT_SECONDS,
            set_as_default=False,
            name="gosync",
        )
    except OSError as exc:
        raise UnavailableError(
            f"{url}: no scheduler answers: {exc}",
            hint="start one: dask scheduler --host HOST",
        ) from exc
    except (TypeError, ValueError, RuntimeError) as exc:
        raise UsageError(f"{url}: {exc}") from exc
    try:
        yield client
    finally:
        client.close(timeout=_CLOSE_SECONDS)


def _check_workers(client: Client) -> None:
    """Check that there are workers, and that they are of this version."""
    try:
        client.wait_for_workers(1, timeout=_CONNECT_SECONDS)
    except TimeoutError as exc:
        raise UnavailableError(
            "the scheduler has no workers", hint="start some: dask worker ADDRESS"
        ) from exc
    found = client.run(worker_version, on_error="return")
    for worker, version in sorted(found.items()):
        if version != __version__:
            told = version if isinstance(version, str) else f"none ({version})"
            raise UsageError(
                f"the worker {worker} has another gosync: {told}",
                hint=advise("install gosync {} there", __version__),
            )
