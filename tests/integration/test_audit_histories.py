"""Random histories of two upstreams: an audit period finds all of it, and no more.

A day plants something, perhaps syncs, and then audits by the hour until nothing is
due: within a small budget, killed now and then, with an upstream that fails. What
stands open at its end must be what the model below says, finding by finding.
"""

from __future__ import annotations

import os
import random
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from time import sleep

import anyio
import pytest

from gosync.audit.engine import run_audit
from gosync.config import load_config
from gosync.demo.modules import ModuleSource
from gosync.gomod.module import ModuleVersion
from gosync.gomod.semver import version_key
from gosync.site.site import open_site
from gosync.sync.engine import PassOptions
from gosync.sync.running import run_pass
from gosync.work.progress import NoProgress
from tests.integration.inprocess import InProcessSite
from tests.simulator import Simulator
from tests.tiers import EVERY_STEP

DAYS = 6
BUDGET = 30
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PRIVATE = "corp.example/secret"
PATHS = ("hist.example/a", "hist.example/b", PRIVATE)


class ManualClock:
    """A clock that is set by hand."""

    def __init__(self):
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self):
        return self.time

    def monotonic(self):
        return self.time.timestamp()


class KilledError(Exception):
    """A run that ends here, as by a power cut."""


class Killer(NoProgress):
    """Ends a run after so many questions."""

    def __init__(self, after):
        self._left = after

    def advance(self, items=1, *, size_bytes=0):
        self._left -= items
        if self._left <= 0:
            raise KilledError


@dataclass
class Upstream:
    """An upstream, and what audits have learned of it.

    Attributes:
        sim: The upstream.
        moved: Held versions that it serves otherwise, by the version.
        had: Versions that it was seen to have.
        named: Versions that its list was seen to name.
        last: Whether what was last seen of a version was moved.
    """

    sim: Simulator
    moved: set[ModuleVersion] = field(default_factory=set)
    had: set[ModuleVersion] = field(default_factory=set)
    named: set[ModuleVersion] = field(default_factory=set)
    last: dict[ModuleVersion, bool] = field(default_factory=dict)

    def has(self, mv):
        return mv in self.sim.module_versions()

    def names(self, mv):
        return self.has(mv) and self.sim.publication(mv).listed

    def listed(self, path):
        return [
            mv.version
            for mv in self.sim.module_versions()
            if mv.path == path and self.names(mv)
        ]


@dataclass(frozen=True)
class Notice:
    """What a version's go.mod says."""

    retracts: str | None = None
    deprecated: bool = False


class History:
    """A site, two upstreams, and what should be found."""

    def __init__(self, folder, seed, first, second):
        self.random = random.Random(seed)
        self.pace = random.Random(seed)  # drawn from as often as a period needs
        self.clock = ManualClock()
        self.first, self.second = Upstream(first), Upstream(second)
        self.upstreams = (self.first, self.second)
        self.numbers = count()
        self.notices: dict[ModuleVersion, Notice] = {}
        self.held: set[ModuleVersion] = set()
        self.known: set[ModuleVersion] = set()
        self.synced_at = self.clock.time
        self.sent: list[tuple[datetime, dict[str, int]]] = []
        for path in PATHS:
            self.publish(path, plain=True)
        site = InProcessSite(
            folder,
            first,
            modules=list(PATHS),
            private=[PRIVATE],
            upstream={"proxies": [first.url, second.url], "retries": 0},
        )
        site.declare(audit={"budget_per_hour": BUDGET, "interval_days": 1})
        self.config = load_config(site.config_file, os.environ)
        self.site = site

    # What happens upstream.

    def publish(self, path, *, plain=False):
        version = f"v1.{next(self.numbers)}.0"
        mine = sorted(
            (mv.version for mv in self.notices if mv.path == path), key=version_key
        )
        retracts = self.random.choice([None, *mine]) if mine and not plain else None
        deprecated = not plain and self.random.random() < 0.3
        text = "// Deprecated: no more\n" * deprecated + f"module {path}\n"
        text += f"\nretract {retracts}\n" if retracts else ""
        source = ModuleSource(path, version, {"go.mod": text.encode()})
        mv = source.module_version
        self.notices[mv] = Notice(retracts, deprecated)
        if path == PRIVATE:
            self.first.sim.publish_private(source)
            return
        self.first.sim.publish(source)
        if plain or self.random.random() < 0.7:
            self.second.sim.publish(source)  # else it never has it

    def plant(self):
        upstream = self.random.choice(self.upstreams)
        # The oldest of each module stays, so that every list names something.
        oldest = {
            min(vs, key=lambda mv: version_key(mv.version)) for vs in self._by_path()
        }
        mine = sorted(mv for mv in self.held - oldest if upstream.has(mv))
        move = self.random.choice(
            ["publish", "move", "move", "back", "unlist", "withdraw"]
        )
        if move == "publish" or not mine:
            self.publish(self.random.choice(PATHS))
            return
        mv = self.random.choice(mine)
        if move == "move":
            text = f"package a // {self.random.random()}\n".encode()
            upstream.sim.move_tag(mv, {"a.go": text})
            upstream.moved.add(mv)
        elif move == "back":
            upstream.sim.move_back(mv)
            upstream.moved.discard(mv)
        elif move == "unlist":
            upstream.sim.publication(mv).listed = False
        else:
            upstream.sim.withdraw(mv)

    def _by_path(self):
        for path in PATHS:
            if mine := [mv for mv in self.notices if mv.path == path]:
                yield mine

    # What gosync does.

    def open(self, command):
        return open_site(self.config.site_options(), command=command, clock=self.clock)

    def sync(self):
        with self.open("sync") as site:
            anyio.run(run_pass, site, PassOptions(), NoProgress())
            rows = [row for row in site.catalog.versions.all_rows() if row.zip_digest]
        self.held = {ModuleVersion(row.path, row.version) for row in rows}
        listed = {
            ModuleVersion(path, v) for path in PATHS for v in self.first.listed(path)
        }
        self.known = self.held | listed | self.known
        self.synced_at = self.clock.time

    def audit(self, progress):
        marks = [upstream.sim.mark() for upstream in self.upstreams]
        try:
            with self.open("audit") as site:
                options = self.config.audit_options()
                return anyio.run(run_audit, site, options, progress)
        except KilledError:
            sleep(0.05)  # what was on its way is in the log, and of this audit
            raise
        finally:
            sent = {
                upstream.sim.url: len(upstream.sim.requests_since(mark))
                for upstream, mark in zip(self.upstreams, marks, strict=True)
            }
            self.sent.append((self.clock.time, sent))

    def period(self):
        """Audit until nothing is due, through a kill and an outage."""
        broken = self.pace.choice(self.upstreams).sim
        broken.fail("*", status=503, times=self.pace.choice([0, 2, 50]))
        with suppress(KilledError):
            self.audit(Killer(self.pace.randrange(1, 6)))
        for _ in range(20):
            self.clock.time += HOUR * self.pace.choice([1, 1, 1, 0.3])
            report = self.audit(NoProgress())
            broken.clear()
            if not (report.waiting or report.failed or report.resting):
                return
        pytest.fail("a period never ends")

    # What should stand open.

    def expected(self):
        found = set()
        for path in PATHS:
            listing = self.first.listed(path)
            newest = ModuleVersion(path, max(listing, key=version_key))
            notice = self.notices[newest]
            if notice.deprecated:
                found.add(("deprecated", path, "", ""))
            if notice.retracts and ModuleVersion(path, notice.retracts) in self.held:
                found.add(("retracted", path, notice.retracts, ""))
            old = self.clock.time - self.synced_at > DAY
            higher = all(
                version_key(newest.version) > version_key(mv.version)
                for mv in self.known
                if mv.path == path
            )
            if old or higher:
                found.add(("stale", path, "", ""))
        for mv in self.held:
            found |= set(self._of_version(mv))
        return found

    def _of_version(self, mv):
        asked = self.upstreams if mv.path != PRIVATE else (self.first,)
        for upstream in asked:
            url, ours = upstream.sim.url, upstream is self.first
            if upstream.has(mv):
                upstream.had.add(mv)
                upstream.last[mv] = mv in upstream.moved
            if upstream.last.get(mv):
                yield ("rewritten", mv.path, mv.version, url)
            gone = not upstream.has(mv) and (ours or mv in upstream.had)
            if upstream.names(mv):
                upstream.named.add(mv)
            dropped = not upstream.names(mv) and (ours or mv in upstream.named)
            if gone or dropped:
                yield ("vanished", mv.path, mv.version, url)
        if all(each.has(mv) for each in asked):
            served = {_served(each, mv) for each in asked}
            if len(served) > 1:
                yield ("diverged", mv.path, mv.version, "")

    def actual(self):
        with self.open("look") as site:
            opened = site.catalog.findings.open()
        return {(f.kind.value, f.path, f.version, f.source) for f in opened}

    def check_budget(self):
        for start, _ in self.sent:
            for upstream in self.upstreams:
                within = sum(
                    sent[upstream.sim.url]
                    for time, sent in self.sent
                    if start <= time < start + HOUR
                )
                assert within <= BUDGET


def _served(upstream, mv):
    return tuple(sorted(upstream.sim.publication(mv).served.items()))


@pytest.mark.sampled
@pytest.mark.parametrize("seed", range(4 if EVERY_STEP else 2))
def test_a_period_finds_what_was_planted_and_nothing_else(tmp_path, seed):
    with Simulator() as first, Simulator() as second:
        history = History(tmp_path, seed, first, second)
        history.sync()
        history.period()
        assert history.actual() == history.expected()
        seen = set()
        for day in range(DAYS):
            history.clock.time += DAY + HOUR
            for _ in range(history.random.randrange(1, 4)):
                history.plant()
            if history.random.random() < 0.7:
                history.sync()
            history.period()
            assert history.actual() == history.expected(), day
            seen |= {kind for kind, *_ in history.expected()}
        assert len(seen) >= 4  # a history that tells something
        history.check_budget()
        assert all(
            (history.site.tree / f"{mv.path}/@v/{mv.version}.zip").is_file()
            for mv in history.held
        )
