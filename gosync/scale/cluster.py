"""Workers of this machine for one sweep: a scheduler and N processes on loopback.

They speak TLS with keys that were made for this run and are in no file, so that no
other user of the machine can talk to them. There is no dashboard; what Dask's web
server would show is left out, and it listens on loopback, too. Their scratch files are
in a folder of their own, which goes with them. Killed by whatever, a worker is started
anew, and all end with this process.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import dask
from distributed import LocalCluster, Security

_LOOPBACK: Final = "127.0.0.1"
_ANY_PORT: Final = f"{_LOOPBACK}:0"
_SETTINGS: Final = {
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    # What a worker would log nobody reads; what becomes of steps the scheduler knows.
    "distributed.nanny.pre-spawn-environ.DASK_LOGGING__DISTRIBUTED": "critical",
}


@contextmanager
def local_workers(count: int) -> Iterator[tuple[str, Security]]:
    """Start workers; yields their scheduler's address, and what opens it.

    Raises:
        OSError: They cannot be started.
    """
    with (
        tempfile.TemporaryDirectory(prefix="gosync-sweep-") as folder,
        dask.config.set({**_SETTINGS, "temporary-directory": folder}),
        LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            processes=True,
            host=_LOOPBACK,
            protocol="tls://",
            security=Security.temporary(),
            dashboard_address=_ANY_PORT,
            worker_dashboard_address=_ANY_PORT,
            local_directory=folder,
            memory_limit=0,  # a step needs the same memory here and there
            preload=["gosync.scale.preload"],
            silence_logs=False,
        ) as cluster,
    ):
        yield cluster.scheduler_address, cluster.security
