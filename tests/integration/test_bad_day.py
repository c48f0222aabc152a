"""A day on which an upstream fails some modules: asked within bounds, the rest fresh.

The daemon lives through it on a clock that stands still while a job works, so every
line of the request log belongs to one run of one job.
"""

from __future__ import annotations

import random
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from gosync.catalog.failures import back_off_seconds
from gosync.clock import format_time
from gosync.config import load_config
from gosync.daemon.daemon import Daemon
from gosync.daemon.notify import Notifier
from gosync.daemon.once import run_once
from gosync.demo.exchange import Logged
from gosync.gomod.module import ModuleVersion
from tests.integration.inprocess import InProcessSite
from tests.integration.service import schedule
from tests.integration.site import OK
from tests.simulator import Simulator
from tests.simulator.standard import module

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SYNC_MINUTES = 30
INTERVAL = 6 * HOUR  # of an audit's questions
SYNC, AUDIT = "0,30 * * * *", "5,25,45 * * * *"
BUDGET = 20  # of audits, an hour and upstream
TRIES = 2  # of one request of a sync
WELL = tuple(f"day.example/well{number}" for number in range(5))
ILL = tuple(f"day.example/ill{number}" for number in range(2))
MODULE_FILES = 3  # .info, .mod and .zip of a version
DATABASE_FILES = 3  # /supported, the head, and the one tile of a log so small


@dataclass(frozen=True)
class Ran:
    """What one run of a job asked.

    Attributes:
        at: When.
        missing: How many versions were upstream and not here.
        logs: What either upstream was asked.
    """

    at: datetime
    missing: int
    logs: tuple[list[Logged], list[Logged]]

    @property
    def is_sync(self) -> bool:
        return self.at.minute % SYNC_MINUTES == 0

    @property
    def most(self) -> int:
        """The most that a sync has to ask of an upstream.

        A list for each module; of each version that is missing its files and its
        record. What an upstream fails is asked as often as ``upstream.retries`` says;
        the database never fails here.
        """
        if not self.is_sync:
            return 0
        files = len(WELL + ILL) + MODULE_FILES * self.missing
        return TRIES * files + self.missing + DATABASE_FILES


class Day:
    """The day: its clock, two upstreams, and what the daemon asked of them.

    Attributes:
        ran: Every run of a job.
        late: Versions of modules that are well which a sync did not bring.
    """

    def __init__(
        self, site: InProcessSite, sims: tuple[Simulator, Simulator], way: str
    ) -> None:
        self.ran: list[Ran] = []
        self.late: list[tuple[datetime, str]] = []
        self.published: set[str] = set()
        self._site = site
        self._sims = sims
        self._way = way
        self._dice = random.Random(way)
        self._time = START
        self._marks = [sim.mark() for sim in sims]
        self._carried: set[str] = set()
        self._minor = 0

    # Its clock.

    def now(self) -> datetime:
        return self._time

    def monotonic(self) -> float:
        return self._time.timestamp()

    async def sleep(self, seconds: float) -> None:
        """Note what a job did; then let time pass, and something happen."""
        self._note()
        self._time += timedelta(seconds=seconds)
        if self._time >= START + DAY:
            signal.raise_signal(signal.SIGTERM)
        self._happen()
        await anyio.lowlevel.checkpoint()

    def _note(self) -> None:
        first, second = self._sims
        logs = [
            sim.requests_since(mark)
            for sim, mark in zip(self._sims, self._marks, strict=True)
        ]
        self._marks = [first.mark(), second.mark()]
        missing = self.published - self._carried
        self.ran.append(Ran(self._time, len(missing), (logs[0], logs[1])))
        self._carried = self._site.carried()
        if self.ran[-1].is_sync:
            left = sorted(self.published - self._carried)
            self.late += [(self._time, mv) for mv in left if mv.startswith(WELL)]

    # What happens.

    def _happen(self) -> None:
        if self._way == "flap":
            self._fall_ill(self._dice.choice(["limit", "status", "reset", "late", ""]))
        else:
            self._fall_ill(self._way)
        if self._time.minute == 25:  # right before a sync, too late for the audit
            self._minor += 1
            self._publish(self._dice.choice(WELL))
            self._publish(self._dice.choice(ILL))

    def _publish(self, path: str) -> None:
        mv = ModuleVersion(path, f"v1.{self._minor}.0")
        self.published.add(str(mv))
        for sim in self._sims:
            sim.publish(module(mv.path, mv.version), at=self._time)

    def _fall_ill(self, way: str) -> None:
        """Let the first upstream fail the ill modules in one way; "" is none.

        Only one of them hangs, since each of its requests takes the time-out.
        """
        sim = self._sims[0]
        sim.clear()
        glob = "/day.example/ill*"
        moves: dict[str, Callable[[], object]] = {
            "limit": lambda: sim.rate_limit(glob, retry_after="900", times=None),
            "hang": lambda: sim.stall(f"/{ILL[0]}/*"),
            "status": lambda: sim.fail(glob, status=503),
            "reset": lambda: sim.reset(glob),
            "late": lambda: sim.fetch_timed_out(glob),
            "": sim.clear,
        }
        moves[way]()

    # The daemon.

    async def live(self) -> None:
        """Take a version of every module, and let the daemon live through the day."""
        for path in WELL + ILL:
            self._publish(path)
        config = load_config(self._site.config_file, {})
        notifier = Notifier({})
        await run_once(
            config, ["sync"], clock=self, notifier=notifier, wait_lock_seconds=0
        )
        assert self._site.carried() == self.published
        await self.sleep(5 * 60)
        daemon = Daemon(
            config,
            reload=lambda: config,
            clock=self,
            notifier=notifier,
            sleep=self.sleep,
            look_seconds=DAY.total_seconds(),
        )
        await daemon.run()

    # What was asked.

    def hours(self) -> list[list[Ran]]:
        """Return the runs of each hour that ends with a run."""
        ends = [run.at for run in self.ran]
        return [[r for r in self.ran if end - HOUR < r.at <= end] for end in ends]

    def asked_lists(self, path: str) -> int:
        """Return how often syncs asked for a module's list."""
        target = f"/{path}/@v/list"
        syncs = [run for run in self.ran if run.is_sync]
        return sum(one.path == target for run in syncs for one in run.logs[0])


@pytest.mark.timeout(90)
@pytest.mark.parametrize("way", ["limit", "hang", "flap"])
def test_a_bad_day(tmp_path: Path, way: str):
    with Simulator() as bad, Simulator() as good:
        site = _site(tmp_path, bad, good)
        day = Day(site, (bad, good), way)
        anyio.run(day.live)

        assert day.late == []
        for upstream in range(2):
            _check_hours(day, upstream)
        for sim in (bad, good):
            lately = format_time(START + DAY - 2 * INTERVAL)
            assert _oldest_answer(site, sim) > lately
        if way != "flap":  # what always fails is asked ever more rarely
            most = TRIES * _tries_in_a_day() + 1
            assert most < day.asked_lists(WELL[0])
            failed = ILL[:1] if way == "hang" else ILL
            assert all(day.asked_lists(path) <= most for path in failed)
        found = site.run("audit", "--list").document["findings"]
        assert {each["kind"] for each in found} <= {"stale"}  # nothing was invented
        # The day after nothing of it is left.
        bad.clear()
        site.sync("--retry", expect=OK)
        assert site.carried() == day.published
        site.check(bad)


def _check_hours(day: Day, upstream: int) -> None:
    """Any hour saw no more than its audits' budget and what its syncs had to ask."""
    audits = []
    for hour in day.hours():
        syncs = sum(len(run.logs[upstream]) for run in hour if run.is_sync)
        assert syncs <= sum(run.most for run in hour)
        audits.append(sum(len(run.logs[upstream]) for run in hour if not run.is_sync))
    assert BUDGET / 2 < max(audits) <= BUDGET


def _oldest_answer(site: InProcessSite, sim: Simulator) -> str:
    """Return when an upstream gave its oldest answer to an audit, "" for never.

    Of modules that are well, and of what had been there for an interval.
    """
    asked = "SELECT looked_at, path, version FROM looks WHERE source = ?"
    with closing(sqlite3.connect(site.store / "catalog.sqlite")) as catalog:
        rows = catalog.execute(asked, (sim.url,)).fetchall()
    last = DAY // HOUR  # a new version every hour
    young = {f"v1.{minor}.0" for minor in range(last - INTERVAL // HOUR + 1, last + 1)}
    old = [at for at, path, v in rows if path in WELL and v not in young]
    assert len(old) > len(WELL)
    return min(at or "" for at in old)


def _tries_in_a_day() -> int:
    """Return how often a list that always fails is tried, by the back-off's rule."""
    tries, due, now = 0, 0.0, 0.0
    while now < DAY.total_seconds():
        if now >= due:
            tries += 1
            due = now + back_off_seconds(tries)
        now += SYNC_MINUTES * 60
    return tries


def _site(folder: Path, bad: Simulator, good: Simulator) -> InProcessSite:
    upstream = {
        "proxies": [bad.url, good.url],
        "timeout_seconds": 0.2,
        "retries": TRIES - 1,
    }
    site = InProcessSite(folder, bad, modules=[*WELL, *ILL], upstream=upstream)
    schedule(site, {})
    site.declare(
        audit={"budget_per_hour": BUDGET, "interval_days": INTERVAL / DAY},
        **{"daemon.jobs.sync": {"cron": SYNC}, "daemon.jobs.audit": {"cron": AUDIT}},
    )
    return site
