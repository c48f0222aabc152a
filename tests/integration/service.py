"""``gosync run`` as a service: started as systemd would, watched, and told to end.

with Manager(tmp_path) as manager, Service(site, manager) as service:
    service.wait_for_job("sync")
    service.signal(signal.SIGHUP)
    assert service.stop() == 0
"""

from __future__ import annotations

import re
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any, Self

from tests.integration import forked
from tests.integration.manager import Manager
from tests.integration.site import Site

_PATIENCE_SECONDS = 120.0


class Service:
    """One daemon; what it logs goes to a file beside the site's folder."""

    def __init__(
        self, site: Site, manager: Manager, *, watchdog_seconds: float | None = None
    ) -> None:
        self._site = site
        self.manager = manager
        self._before = len(manager.notices)
        self.log = site.folder.with_name(f"{site.folder.name}.log")
        with self.log.open("ab") as log:
            self.process = forked.start(
                ["run"],
                folder=site.folder,
                environment={
                    **site.environment,
                    **manager.environment(watchdog_seconds=watchdog_seconds),
                },
                log=log.fileno(),
            )

    def __enter__(self) -> Self:
        self.manager.wait_for("READY", after=self._before)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def logged(self) -> str:
        """Return what it logged so far."""
        return self.log.read_text()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        self.signal(signal.SIGTERM)
        return self.process.wait(_PATIENCE_SECONDS)

    def wait_until(self, true: Callable[[], bool]) -> None:
        """Wait for something; fail with the log when the daemon is gone."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not true():
            assert self.process.poll() is None, self.logged()
            assert time.monotonic() < deadline, self.logged()
            time.sleep(0.02)

    def wait_for_log(self, pattern: str, *, times: int = 1) -> None:
        """Wait until the log has a pattern so many times."""
        self.wait_until(lambda: len(re.findall(pattern, self.logged())) >= times)

    def wait_for_runs(self, job: str, *, more: int = 1) -> None:
        """Wait for so many more runs of a job that end, one way or another."""
        pattern = rf"{job}: (done|exit)"
        before = len(re.findall(pattern, self.logged()))
        self.wait_for_log(pattern, times=before + more)

    def jobs(self) -> dict[str, dict[str, Any]]:
        """Return the catalog's rows of jobs."""
        with closing(sqlite3.connect(self._site.store / "catalog.sqlite")) as catalog:
            catalog.row_factory = sqlite3.Row
            rows = catalog.execute("SELECT * FROM jobs").fetchall()
        return {row["name"]: dict(row) for row in rows}


def schedule(site: Site, every: dict[str, str], **daemon: object) -> None:
    """Configure the daemon: these jobs so often, and no other."""
    names = ("sync", "lists", "audit", "verify", "publish", "prune")
    jobs = {
        f"daemon.jobs.{name}": {"interval": every.get(name, "off")} for name in names
    }
    site.declare(daemon=daemon, **jobs)
