"""A day of an upstream that flaps: its budget is kept, and the other stays fresh."""

from __future__ import annotations

import os
import random
from datetime import timedelta

import anyio
import pytest

from gosync.audit.engine import run_audit
from gosync.config import load_config
from gosync.demo.modules import ModuleSource
from gosync.site.site import open_site
from gosync.sync.engine import PassOptions
from gosync.sync.running import run_pass
from gosync.work.progress import NoProgress
from tests.integration.inprocess import InProcessSite
from tests.integration.test_audit_histories import ManualClock
from tests.simulator import Simulator

BUDGET = 20
QUARTERS = 24 * 4
PATHS = [f"flap.example/m{number}" for number in range(8)]
QUESTIONS = 4 * len(PATHS)  # a list and three files each
INTERVAL = timedelta(hours=6)


def flap(sim, random):
    sim.clear()
    moves = [
        lambda: sim.fail("*", status=503),
        lambda: sim.rate_limit("*", retry_after="900", times=None),
        lambda: sim.reset("*"),
        sim.clear,
        sim.clear,
    ]
    random.choice(moves)()


def test_a_day_of_an_upstream_that_flaps(tmp_path):
    clock, dice = ManualClock(), random.Random(1)
    with Simulator() as flapping, Simulator() as steady:
        for path in PATHS:
            source = ModuleSource(
                path, "v1.0.0", {"go.mod": f"module {path}\n".encode()}
            )
            flapping.publish(source)
            steady.publish(source)
        proxies = [flapping.url, steady.url]
        site = InProcessSite(
            tmp_path, flapping, modules=PATHS, upstream={"proxies": proxies}
        )
        days = INTERVAL / timedelta(days=1)
        site.declare(audit={"budget_per_hour": BUDGET, "interval_days": days})
        config = load_config(site.config_file, os.environ)

        def run(work, *arguments):
            options = config.site_options()
            with open_site(options, command="test", clock=clock) as opened:
                return anyio.run(work, opened, *arguments, NoProgress())

        run(run_pass, PassOptions())
        sent, found = [], []
        for _ in range(QUARTERS):
            flap(flapping, dice)
            marks = flapping.mark(), steady.mark()
            found.append(run(run_audit, config.audit_options()).news)
            sent.append(
                (
                    len(flapping.requests_since(marks[0])),
                    len(steady.requests_since(marks[1])),
                )
            )
            clock.time += timedelta(minutes=15)

        for start in range(QUARTERS):
            for hour in zip(*sent[start : start + 4], strict=True):
                assert sum(hour) <= BUDGET
        assert sum(one for one, _ in sent) > 0
        # Every question of the other was asked again, as soon as it was due.
        periods = timedelta(days=1) / INTERVAL
        assert sum(other for _, other in sent) >= QUESTIONS * (periods - 1)
        assert not any(found)


@pytest.mark.parametrize("ill", [1, len(PATHS) // 2])
def test_modules_that_fail_do_not_keep_the_others(tmp_path, ill):
    """Alone they would use up an upstream's patience, and nobody else have a turn.

    They are the first by name, and it is the first audit.
    """
    with Simulator() as sim:
        for path in PATHS:
            files = {"go.mod": f"module {path}\n".encode()}
            sim.publish(ModuleSource(path, "v1.0.0", files))
        site = InProcessSite(tmp_path, sim, modules=PATHS)
        site.sync()
        for path in PATHS[:ill]:
            sim.fail(f"/{path}/*", status=503)
        report = site.run("audit", expect=3).document
        assert report["answered"] >= QUESTIONS - 4 * ill
        assert report["resting"] == []
        # Each of them was asked about once, the last one twice; as many witnesses.
        assert report["requests"] <= QUESTIONS - 4 * ill + 2 * (ill + 1)
