"""A day on which upstreams fail: asked within bounds, and what can be fresh is.

One proxy of two fails some modules all day; index and checksum database are out of
reach for some hours each. The daemon lives through it on a clock that stands still
while a job works, so every line of the request log belongs to one run of one job.
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
from gosync.demo.exchange import Logged, RequestKind
from gosync.gomod.module import ModuleVersion
from tests.integration.inprocess import InProcessSite
from tests.integration.service import schedule
from tests.integration.site import OK
from tests.simulator import Simulator
from tests.simulator.faults import Fault
from tests.simulator.standard import module
from tests.tiers import EVERY_STEP

pytestmark = pytest.mark.slow

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SYNC_MINUTES = 30
LASTS = DAY if EVERY_STEP else 15 * HOUR
INTERVAL = 6 * HOUR  # of an audit's questions
SYNC, AUDIT = "0,30 * * * *", "25 * * * *"
BUDGET = 40  # of audits, an hour and upstream
TRIES = 2  # of one request of a sync
WELL = tuple(f"day.example/well{number}" for number in range(5))
ILL = tuple(f"day.example/ill{number}" for number in range(2))
MODULE_FILES = 3  # .info, .mod and .zip of a version
DATABASE_FILES = 2  # the head, and the one tile of a log so small
INDEX_PAGES = 2  # whether there is anything, once, and what there is
BAD, GOOD, INDEX, DATABASE = range(4)
ILL_GLOB, INDEX_GLOB, DATABASE_GLOB = "/day.example/ill*", "/index", "/l*"
# No longer than the pause after so many failures is one between two syncs.
NO_INDEX, NO_DATABASE = range(3, 6), range(9, 12)


@dataclass(frozen=True)
class Ran:
    """What one run of a job asked.

    Attributes:
        at: When.
        missing: How many versions were upstream and not here.
        logs: What either proxy, the index and the database were asked.
    """

    at: datetime
    missing: int
    logs: tuple[list[Logged], ...]

    @property
    def is_sync(self) -> bool:
        return self.at.minute % SYNC_MINUTES == 0

    def most(self, upstream: int) -> int:
        """Return the most that a sync has to ask of an upstream.

        A list for each module; of each version that is missing its files and its
        record. What an upstream fails is asked as often as ``upstream.retries`` says.
        """
        if not self.is_sync:
            return 0
        if upstream == INDEX:
            return TRIES * INDEX_PAGES
        if upstream == DATABASE:
            return TRIES * (self.missing + DATABASE_FILES)
        return TRIES * (len(WELL + ILL) + MODULE_FILES * self.missing)


class Day:
    """The day: its clock, its upstreams, and what the daemon asked of them.

    Attributes:
        ran: Every run of a job.
        late: What a sync did not bring although it could be had and proven.
    """

    def __init__(
        self,
        site: InProcessSite,
        sims: tuple[Simulator, Simulator],
        way: str,
        *,
        fresh: tuple[str, ...],
    ) -> None:
        self.ran: list[Ran] = []
        self._fresh = fresh
        self._faults: list[tuple[str, Fault]] = []
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
        if self._time >= START + LASTS:
            signal.raise_signal(signal.SIGTERM)
        self._happen()
        await anyio.lowlevel.checkpoint()

    def _note(self) -> None:
        logs: tuple[list[Logged], ...] = ([], [], [], [])
        for upstream, sim in enumerate(self._sims):
            for logged in sim.requests_since(self._marks[upstream]):
                logs[_SERVICES.get(logged.kind, upstream)].append(logged)
        self._marks = [sim.mark() for sim in self._sims]
        missing = self.published - self._carried
        self.ran.append(Ran(self._time, len(missing), logs))
        self._carried = self._site.carried()
        if self.ran[-1].is_sync and not self._fails(NO_DATABASE):
            left = sorted(self.published - self._carried)
            self.late += [(self._time, mv) for mv in left if mv.startswith(self._fresh)]

    def _fails(self, hours: range) -> bool:
        return (self._time - START) // HOUR in hours

    # What happens.

    def _happen(self) -> None:
        self._sims[0].clear()
        self._fail(ILL_GLOB)
        if self._fails(NO_INDEX):
            self._fail(INDEX_GLOB)
        if self._fails(NO_DATABASE):
            self._fail(DATABASE_GLOB)
        if self._time.minute == 25:  # right before a sync, too late for the audit
            self._minor += 1
            self._publish(self._dice.choice(WELL))
            self._publish(self._dice.choice(ILL))

    def _publish(self, path: str) -> None:
        mv = ModuleVersion(path, f"v1.{self._minor}.0")
        self.published.add(str(mv))
        for sim in self._sims:
            # The index names no ill ones: each version would hang for itself.
            indexed = path in WELL
            sim.publish(module(mv.path, mv.version), at=self._time, indexed=indexed)

    def _fail(self, glob: str) -> None:
        """Let the first simulator fail what matches, for now."""
        sim = self._sims[0]
        moves: dict[str, Callable[[], Fault | None]] = {
            "limit": lambda: sim.rate_limit(glob, retry_after="900", times=None),
            "hang": lambda: sim.stall(glob, after_bytes=None),
            "status": lambda: sim.fail(glob, status=503),
            "reset": lambda: sim.reset(glob),
            "late": lambda: sim.fetch_timed_out(glob),
            "": lambda: None,
        }
        flapping = ["limit", "status", "reset", "late", ""]
        way = self._dice.choice(flapping) if self._way == "flap" else self._way
        if fault := moves[way]():
            self._faults.append((glob, fault))

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

    def failed(self, glob: str) -> int:
        """Return how many requests that match were failed."""
        return sum(fault.hits for of, fault in self._faults if of == glob)

    def asked_lists(self, path: str) -> int:
        """Return how often syncs asked for a module's list."""
        target = f"/{path}/@v/list"
        syncs = [run for run in self.ran if run.is_sync]
        return sum(one.path == target for run in syncs for one in run.logs[BAD])


_SERVICES = {
    RequestKind.INDEX: INDEX,
    **dict.fromkeys((RequestKind.HEAD, RequestKind.LOOKUP, RequestKind.TILE), DATABASE),
}


@pytest.mark.sampled
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("way", "comma"),
    [
        ("limit", "|"),
        pytest.param("hang", ",", marks=[pytest.mark.long, pytest.mark.slow(100)]),
        pytest.param("flap", ",", marks=pytest.mark.long),
    ],
)
def test_a_bad_day(tmp_path: Path, way: str, comma: str):
    """After a "|" the other proxy has whatever the first one fails; so it is fresh."""
    falls_back = comma == "|"
    with Simulator() as bad, Simulator() as good:
        # What hangs costs its time-out each time; a short one, also a healthy answer
        # misses on a machine that is busy, and what it belongs to would be late.
        timeout_seconds = 1 if way == "hang" else 20
        site = _site(tmp_path, bad, f"{bad.url}{comma}{good.url}", timeout_seconds)
        fresh = WELL + ILL if falls_back else WELL
        day = Day(site, (bad, good), way, fresh=fresh)
        anyio.run(day.live)

        assert day.late == []
        for upstream in (BAD, GOOD, INDEX, DATABASE):
            _check_hours(day, upstream)
        assert all(day.failed(glob) for glob in (ILL_GLOB, INDEX_GLOB, DATABASE_GLOB))
        for sim in (bad, good):
            lately = format_time(START + LASTS - 2 * INTERVAL)
            assert _oldest_answer(site, sim) > lately
        if way == "hang":  # what always fails is asked ever more rarely
            most = TRIES * _tries_in_a_day() + 1
            assert most < day.asked_lists(WELL[0])
            assert all(day.asked_lists(path) <= most for path in ILL)
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
        assert syncs <= sum(run.most(upstream) for run in hour)
        audits.append(sum(len(run.logs[upstream]) for run in hour if not run.is_sync))
    assert max(audits) <= BUDGET
    if upstream in (BAD, GOOD):
        assert max(audits) > BUDGET / 2


def _oldest_answer(site: InProcessSite, sim: Simulator) -> str:
    """Return when an upstream gave its oldest answer to an audit, "" for never.

    Of modules that are well, and of what had been there for an interval.
    """
    asked = "SELECT looked_at, path, version FROM looks WHERE source = ?"
    with closing(sqlite3.connect(site.store / "catalog.sqlite")) as catalog:
        rows = catalog.execute(asked, (sim.url,)).fetchall()
    last = LASTS // HOUR  # a new version every hour
    young = {f"v1.{minor}.0" for minor in range(last - INTERVAL // HOUR + 1, last + 1)}
    old = [at for at, path, v in rows if path in WELL and v not in young]
    assert len(old) > len(WELL)
    return min(at or "" for at in old)


def _tries_in_a_day() -> int:
    """Return how often a list that always fails is tried, by the back-off's rule."""
    tries, due, now = 0, 0.0, 0.0
    while now < LASTS.total_seconds():
        if now >= due:
            tries += 1
            due = now + back_off_seconds(tries)
        now += SYNC_MINUTES * 60
    return tries


def _site(
    folder: Path, bad: Simulator, proxies: str, timeout_seconds: float
) -> InProcessSite:
    upstream = {
        "proxies": proxies,
        "index": bad.index_url,
        "list_interval_seconds": 0,
        "sumdb": f"{bad.gosumdb} {bad.start_database()}",
        "timeout_seconds": timeout_seconds,
        "retries": TRIES - 1,
    }
    site = InProcessSite(folder, bad, modules=[*WELL, *ILL], upstream=upstream)
    schedule(site, {})
    site.declare(
        audit={"budget_per_hour": BUDGET, "interval_days": INTERVAL / DAY},
        **{"daemon.jobs.sync": {"cron": SYNC}, "daemon.jobs.audit": {"cron": AUDIT}},
    )
    return site
