"""Owner process: begun beside the workers, watched, begun anew when it dies.

It is this command with ``--owner``. It ends with its standard input, which whoever
began it holds open; so none outlives a server that was killed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Final

import anyio

from gosync.config.config import Config
from gosync.config.serving import PullSpec
from gosync.serve.owner import run_owner
from gosync.serve.runtime import make_runtime
from gosync.site.site import Site, open_site
from gosync.store.durable import disk_errors
from gosync.sync.scope import check_not_carried

_log = logging.getLogger(__name__)
_FIRST_PAUSE_SECONDS: Final = 0.2
_LONGEST_PAUSE_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.1


class OwnerProcess:
    """Keeps an owner running."""

    def __init__(self, command: Sequence[str], *, stop_seconds: float) -> None:
        """Take how it is begun.

        Args:
            command: The command line.
            stop_seconds: How long its end may take.
        """
        self._command = list(command)
        self._stop_seconds = stop_seconds
        self._ended = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin it."""
        self._process = self._begin()
        self._thread.start()

    def stop(self) -> None:
        """End it, and wait for that."""
        self._ended.set()
        self._thread.join()
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(self._stop_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _begin(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, stdin=subprocess.PIPE)  # noqa: S603 - this very program

    def _run(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self._ended.wait(_LOOK_SECONDS):
            process = self._process
            if process is None or process.poll() is None:
                continue
            _log.warning("the owner ended with %s; beginning anew", process.returncode)
            if self._ended.wait(pause):
                return
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            self._process = self._begin()


def owner_command(config: Config) -> list[str]:
    """Return the command line that begins an owner with this configuration."""
    return [
        *(sys.executable, "-m", "gosync", "serve", "--owner", "--no-progress"),
        *(("--config", str(config.file)) if config.file is not None else ()),
    ]


def prepare_store(config: Config) -> None:
    """Open the store once, and make the runtime folder and the tree's.

    What is wrong with the store is said before a server is begun.

    Raises:
        UsageError: if bundles feed the store.
        StoreError: if it cannot be used.
    """
    with _opened(config) as site:
        check_not_carried(site)
        with disk_errors(config.store_path):
            make_runtime(config.store_path)
        with disk_errors(config.tree_path):
            config.tree_path.mkdir(parents=True, exist_ok=True)


def _opened(config: Config) -> AbstractContextManager[Site]:
    # A tree that is away, or knows more than the store, is somebody's to look at.
    return open_site(config.pull_options(), command="gosync serve")


def be_owner(config: Config, spec: PullSpec) -> None:
    """Be the owner until SIGTERM, or until standard input ends.

    Raises:
        GosyncError: if the store cannot be used.
    """
    with _opened(config) as site:
        anyio.run(
            _until_told, site, spec
        )  # the HTTP client looks for anyio in callbacks


async def _until_told(site: Site, spec: PullSpec) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    loop.add_reader(0, _look_at_input, ended)
    await run_owner(site, spec, until=ended, ready=lambda: _log.info("the owner is up"))


def _look_at_input(ended: asyncio.Event) -> None:
    if not os.read(0, 1):
        asyncio.get_running_loop().remove_reader(0)
        ended.set()
