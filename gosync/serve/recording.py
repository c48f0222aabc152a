"""Recording: what workers answered 403 or 404 becomes requests in the catalog.

A process of its own reads what they noted (``missinglog``), some seconds after the
start and then every half minute, when there is anything; so no answer waits for the
catalog, and the server needs no more memory for it. A file is removed once it is in the
catalog, and how far it was read is written there with it: a kill at any point counts
no line twice. What a server leaves behind at its end, the next one records.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

from gosync.access.ledger import log_digest, read_requests
from gosync.access.rows import MISSING
from gosync.config import Config
from gosync.serve.missinglog import NOTED, MissingSpec, noted, set_aside
from gosync.serve.runtime import make_runtime, runtime_folder
from gosync.site.site import open_site
from gosync.store.layout import CATALOG
from gosync.work.progress import NoProgress

_log = logging.getLogger(__name__)
_FIRST_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.1


def missing_spec(config: Config) -> MissingSpec | None:
    """Return where misses are noted; None without a store that can be written."""
    if not (config.store_path / CATALOG).is_file():
        return None
    try:
        folder = make_runtime(config.store_path)
    except OSError as exc:
        _log.warning("what is not carried is not recorded: %s", exc)
        return None
    return MissingSpec(folder, config.access.anonymous)


def record_command(config: Config) -> list[str]:
    """Return the command line that records once with this configuration."""
    return [
        *(sys.executable, "-m", "gosync", "serve", "--record", "--no-progress"),
        *(("--config", str(config.file)) if config.file is not None else ()),
    ]


def record(config: Config) -> None:
    """Take what is set aside into the catalog, and remove it.

    Raises:
        GosyncError: the store cannot be used.
        OSError: a file cannot be removed.
    """
    with open_site(config.site_options(), command="gosync serve") as site:
        for file in noted(runtime_folder(config.store_path)):
            digest = log_digest(str(file))
            read_requests(
                site,
                [str(file)],
                NoProgress(),
                anonymous=config.access.anonymous,
                statuses=MISSING | NOTED,
            )
            file.unlink()
            if digest is not None:
                site.catalog.read_logs.forget(digest)


class Recorder:
    """Begins that process now and then."""

    def __init__(self, folder: Path, command: list[str]) -> None:
        """Take the runtime folder and the process's command line."""
        self._folder, self._command = folder, command
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin to."""
        self._thread.start()

    def stop(self) -> None:
        """End it; what is under way is ended, too."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        pause = _FIRST_SECONDS
        while not self._ended.wait(pause):
            pause = _PAUSE_SECONDS
            try:
                if set_aside(self._folder):
                    self._record()
            except OSError as exc:
                _log.warning("what is not carried is not recorded: %s", exc)

    def _record(self) -> None:
        process = subprocess.Popen(  # noqa: S603 - this very program
            self._command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        while process.poll() is None:
            if self._ended.wait(_LOOK_SECONDS):
                process.terminate()
                process.wait()
                return
        if process.returncode:
            _log.warning(
                "what is not carried is not recorded now: exit code %s",
                process.returncode,
            )
