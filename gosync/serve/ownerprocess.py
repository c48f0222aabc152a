"""Owner process: begun where a store has none, watched, begun anew when it dies.

It is `gosync serve` with ``--owner``, beside the workers of a server or beside the jobs
of `gosync run`. A store has one: who finds another at the socket begins none, and ends
its own where both began at once; it looks every second, and takes over from one that
died. It ends with its standard input, which whoever began it holds open; so none
outlives a server or a daemon that was killed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from itertools import count
from pathlib import Path
from typing import Final

import anyio

from gosync.config.config import Config
from gosync.config.serving import PullSpec
from gosync.serve.owner import run_owner
from gosync.serve.runtime import make_runtime, owner_pid, runtime_folder
from gosync.site.site import Site, open_site
from gosync.site.treefolder import served_folder
from gosync.store.durable import disk_errors
from gosync.sync.scope import check_not_carried
from gosync.work.memory import share_arenas

_log = logging.getLogger(__name__)
_FIRST_PAUSE_SECONDS: Final = 0.2
_LONGEST_PAUSE_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.1
_LOOKS_TO_TEND: Final = 10


class OwnerProcess:
    """Keeps an owner running, ours or another's."""

    def __init__(
        self, command: Sequence[str], folder: Path, *, stop_seconds: float
    ) -> None:
        """Take how it is begun.

        Args:
            command: The command line.
            folder: The runtime folder, where owners listen; it need not be there.
            stop_seconds: How long its end may take.
        """
        self._command = list(command)
        self._folder = folder
        self._stop_seconds = stop_seconds
        self._ended = threading.Event()
        self._anew = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin it, unless there is one."""
        self._tend()
        self._thread.start()

    def begin_anew(self) -> None:
        """Let it read its configuration anew, soon."""
        self._anew.set()

    def stop(self) -> None:
        """End it, and wait for that."""
        self._ended.set()
        self._thread.join()
        self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
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
        for tick in count(1):
            if self._ended.wait(_LOOK_SECONDS):
                return
            if self._anew.is_set():
                self._anew.clear()
                self._end()
            process = self._process
            if process is not None and process.poll() is not None:
                _log.warning("the owner ended with %s", process.returncode)
                self._process = None
                if self._ended.wait(pause):
                    return
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
                self._tend()
            elif tick % _LOOKS_TO_TEND == 0:
                self._tend()

    def _tend(self) -> None:
        """Begin an owner where there is none; end ours where another one is."""
        there, process = owner_pid(self._folder), self._process
        if there is None and process is None:
            self._process = self._begin()
        elif there is not None and process is not None and there != process.pid:
            _log.info("another process is the store's owner: %d", there)
            self._end()


def owner_process(config: Config) -> OwnerProcess:
    """Return what keeps an owner running for a configuration's store."""
    return OwnerProcess(
        owner_command(config),
        runtime_folder(config.store_path),
        stop_seconds=config.serve.stop_seconds,
    )


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
        tree = served_folder(config.tree_path)
        with disk_errors(tree):
            tree.mkdir(parents=True, exist_ok=True)


def _opened(config: Config) -> AbstractContextManager[Site]:
    # A tree that is away, or knows more than the store, is somebody's to look at.
    return open_site(config.pull_options(), command="gosync serve")


def be_owner(
    config: Config, spec: PullSpec, *, tell: Callable[[], Awaitable[None]]
) -> None:
    """Be the owner until SIGTERM, or until standard input ends.

    Args:
        config: The configuration.
        spec: What is pulled through.
        tell: Called now and then, to tell whom it concerns what was published.

    Raises:
        GosyncError: if the store cannot be used.
    """
    share_arenas()
    with _opened(config) as site:
        # The HTTP client looks for anyio in callbacks.
        anyio.run(_until_told, site, spec, tell)


async def _until_told(
    site: Site, spec: PullSpec, tell: Callable[[], Awaitable[None]]
) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    loop.add_reader(0, _look_at_input, ended)
    await run_owner(
        site,
        spec,
        until=ended,
        ready=lambda: _log.info("the owner is up"),
        tell=tell,
    )


def _look_at_input(ended: asyncio.Event) -> None:
    if not os.read(0, 1):
        asyncio.get_running_loop().remove_reader(0)
        ended.set()
