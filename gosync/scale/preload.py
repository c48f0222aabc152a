"""Setup of a worker of this machine: a terminal's Ctrl-C is not for it.

Dask imports it in each worker process, also in one that replaces a lost one. Who began
the sweep decides what a signal means, and ends its workers.
"""

from __future__ import annotations

import signal


def dask_setup(_worker: object) -> None:
    """Leave SIGINT alone; Dask calls it by this name, in the main thread."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
