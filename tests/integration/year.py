"""A world for the daemon to live in: what its upstream does in a year, and to it.

Everything is drawn from one seed: new versions, tags that are rewritten or vanish,
outages of hours, clocks that are wrong, restarts and kills. ``live`` leads a daemon
through it and keeps what must be known for the checks.
"""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from gosync.demo.exchange import HttpAnswer, HttpRequest, RequestKind
from gosync.gomod.module import ModuleVersion
from tests.integration.service import schedule
from tests.integration.site import CHECKOUT, Site
from tests.integration.timelapse import START
from tests.simulator import Simulator
from tests.simulator.standard import module

STEP_HOURS = 6
STEPS_A_DAY = 24 // STEP_HOURS
MODULES = tuple(f"year.example/m{number}" for number in range(6))
AUDIT_DAYS = 2
# From the deed to the finding: an answer's age, a run of the audit, and what an outage
# of a day, and the next try after it, cost.
WITHIN = timedelta(days=AUDIT_DAYS + 2)


@dataclass(frozen=True)
class Deed:
    """Something that was done to a version upstream.

    Attributes:
        kind: What an audit must call it.
        mv: The version.
        at: When, by the true clock.
    """

    kind: str
    mv: ModuleVersion
    at: datetime


@dataclass
class Life:
    """One process of the daemon, by its end.

    Attributes:
        days: How many days it lived.
        samples: What it needed at each step: bytes of memory, descriptors.
    """

    samples: list[tuple[int, int]] = field(default_factory=list)

    @property
    def days(self) -> float:
        return len(self.samples) / STEPS_A_DAY

    def growth_bytes(self) -> int:
        """Return how much more memory it ever needed than on its second day."""
        second = self.samples[2 * STEPS_A_DAY][0]
        return max(rss for rss, _ in self.samples[2 * STEPS_A_DAY :]) - second

    def descriptors(self) -> list[int]:
        """Return how many files were open at each step after its second day."""
        return [count for _, count in self.samples[2 * STEPS_A_DAY :]]


class World:
    """The upstream, and the daemon in it."""

    def __init__(self, folder: Path, sim: Simulator, *, days: int, seed: int) -> None:
        self.sim = sim
        self.days = days
        self.deeds: list[Deed] = []
        self.found: dict[tuple[str, str, str], datetime] = {}
        self.lives: list[Life] = []
        self.kills = 0
        self.outages = 0
        self.jumps = 0
        self._random = random.Random(seed)
        self._minor = dict.fromkeys(MODULES, 0)
        self._born: dict[ModuleVersion, datetime] = {}
        self._touched: set[ModuleVersion] = set()
        self._true_time = START
        self._step = 0
        self._clock = folder / "clock"
        self._clock.write_text('{"elapsed": 0, "offset": 0}')
        self._log = folder / "log"
        self.site = Site(
            folder / "site",
            sim,
            modules=["year.example/*"],
            index=True,
            upstream={"retries": 0},
        )
        often = {"sync": "6h", "lists": "1d", "audit": "8h"}
        rarely = {"verify": "3d", "publish": "1w", "prune": "1w"}
        schedule(self.site, often | rarely)
        self.site.declare(audit={"interval_days": AUDIT_DAYS, "stale_days": 3})

    # The daemon.

    def live(self) -> None:
        """Lead the daemon through all days, through as many lives as that takes."""
        for path in MODULES:
            self._publish(path)
        steps = self.days * STEPS_A_DAY
        while len([s for life in self.lives for s in life.samples]) < steps:
            with self._daemon() as process:
                self._lead(process, steps)

    def log_text(self) -> str:
        """Return what all daemons logged."""
        return self._log.read_text()

    @contextmanager
    def _daemon(self) -> Iterator[subprocess.Popen[str]]:
        self.lives.append(Life())
        program = [sys.executable, "-m", "tests.integration.timelapse"]
        arguments = [str(self.site.config_file), str(self._clock)]
        with self._log.open("a") as log:
            process = subprocess.Popen(
                [*program, *arguments, str(STEP_HOURS * 3600)],
                cwd=CHECKOUT,
                env=self.site.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def _lead(self, process: subprocess.Popen[str], steps: int) -> None:
        """Lead one life, until the daemon ends or is killed."""
        assert process.stdin is not None
        assert process.stdout is not None
        while line := process.stdout.readline():
            said = json.loads(line)
            life = self.lives[-1]
            life.samples.append((said["rss_bytes"], said["descriptors"]))
            self._true_time = START + timedelta(seconds=said["elapsed"])
            self._note_findings()
            over = sum(len(each.samples) for each in self.lives)
            answer: dict[str, float] = {"end": over >= steps or self._is_restarted()}
            if not answer["end"]:
                self._act(process)
                answer |= self._jump()
            print(json.dumps(answer), file=process.stdin, flush=True)
        code = process.wait(60)
        assert code in (0, -9), self.log_text()[-5000:]

    def _note_findings(self) -> None:
        """Note what was found by now, by the true clock."""
        with closing(sqlite3.connect(self.site.store / "catalog.sqlite")) as catalog:
            rows = catalog.execute(
                "SELECT kind, path, version FROM findings WHERE kind <> 'stale'"
            )
            for row in rows.fetchall():
                self.found.setdefault(row, self._true_time)

    # What happens.

    @property
    def _day(self) -> float:
        return (self._true_time - START) / timedelta(days=1)

    def _is_late(self) -> bool:
        """Whether the end is near: what is done now could not be found in time."""
        return self._day > self.days - WITHIN.days - 1

    def _is_restarted(self) -> bool:
        # Two thirds of the time are one long life, in which memory must stay flat.
        return self._day < self.days / 3 and self._random.random() < 0.02

    def _act(self, process: subprocess.Popen[str]) -> None:
        """Let something happen upstream, or to the daemon."""
        self.sim.clear()
        self._step += 1
        if self._day < self.days / 3 and self._step % 9 == 0:
            self._kill_at_some_request(process)
            return
        draw = self._random.random()
        if draw < 0.25:
            self._publish(self._random.choice(MODULES))
        elif draw < 0.29:
            self._harm("rewritten")
        elif draw < 0.33:
            self._harm("vanished")
        elif draw < 0.40:
            self._break_down()

    def _publish(self, path: str) -> None:
        version = f"v1.{self._minor[path]}.0"
        self._minor[path] += 1
        self.sim.publish(module(path, version, say=version), at=self._true_time)
        self._born[ModuleVersion(path, version)] = self._true_time

    def _harm(self, kind: str) -> None:
        """Rewrite a tag, or let it vanish: one that has long been carried."""
        old = self._true_time - timedelta(days=3)
        whole = [
            mv for mv, at in self._born.items() if at < old and mv not in self._touched
        ]
        if not whole or self._is_late():
            return
        mv = self._random.choice(whole)
        self._touched.add(mv)
        if kind == "rewritten":
            self.sim.rewrite(mv, {"more.go": b"package more\n"})
        else:
            self.sim.withdraw(mv)
        self.deeds.append(Deed(kind, mv, self._true_time))

    def _break_down(self) -> None:
        """Let the upstream be away until the next step, in one of its ways."""
        self.outages += 1
        way = self._random.choice(["status", "limit", "reset", "late"])
        if way == "status":
            self.sim.fail("*", status=503)
        elif way == "limit":
            self.sim.rate_limit("*", times=None)
        elif way == "reset":
            self.sim.reset("*")
        else:
            self.sim.fetch_timed_out("*")

    def _kill_at_some_request(self, process: subprocess.Popen[str]) -> None:
        left = self._random.randrange(1, 3)

        def kill(_: HttpRequest, answer: HttpAnswer) -> HttpAnswer:
            nonlocal left
            left -= 1
            if left == 0:
                self.kills += 1
                process.kill()
            return answer

        self.sim.fault("*", kill)

    def _jump(self) -> dict[str, float]:
        """Let the clock be wrong for a while: a month ahead, a month back, right."""
        if self._is_late():
            return {"offset": 0}
        if self._random.random() < 0.03:
            self.jumps += 1
            return {"offset": self._random.choice([-30, -2, 0, 2, 30]) * 86_400}
        if self._random.random() < 0.3:
            return {"offset": 0}
        return {}

    # What must be so at the end.

    def heal(self) -> None:
        """Undo every deed, so that a site that begins now gets everything."""
        self.sim.clear()
        for deed in self.deeds:
            if deed.kind == "rewritten":
                del self.sim.publication(deed.mv).served[RequestKind.ZIP]
            else:
                source = module(deed.mv.path, deed.mv.version, say=deed.mv.version)
                self.sim.publish(source, indexed=False, logged=False)
