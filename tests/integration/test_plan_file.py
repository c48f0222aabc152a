"""An approved plan: it is done exactly, or refused because something has changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gosync.demo.exchange import RequestKind
from tests.integration.offered import go_mod_text, offer, sum_lines
from tests.integration.site import OK, USAGE, Site
from tests.simulator import Simulator

WAITS = {"list_interval_seconds": 3600}
ONE, TWO, USED = "one.example/m", "two.example/m", "used.example/m"


class Planned:
    """A site with a select and a project, a plan of it, and its upstream."""

    def __init__(self, folder: Path, sim: Simulator) -> None:
        self.sim = sim
        for path in (ONE, TWO, USED):
            offer(sim, path, "v1.0.0")
        self.project = folder / "app"
        self.project.mkdir()
        text = go_mod_text("app.example/app", requires={USED: "v1.0.0"})
        (self.project / "go.mod").write_text(text)
        self.go_sum = self.project / "go.sum"
        self.go_sum.write_text(sum_lines(sim, f"{USED}@v1.0.0"))
        self.site = Site(folder / "site", sim, modules=[ONE], upstream=WAITS)
        self.site.declare(project=[{"path": str(self.project)}])
        self.file = folder / "plan.json"

    def plan(self) -> dict[str, Any]:
        """Write the plan; return what was shown."""
        return self.site.run("plan", "--out", str(self.file), expect=OK).document

    def sync(self, *, expect: int = OK) -> dict[str, Any]:
        """Sync by the plan; return the report, or the error."""
        return self.site.sync("--plan", str(self.file), expect=expect).document


@pytest.fixture
def planned(tmp_path: Path) -> Iterator[Planned]:
    with Simulator() as sim:
        yield Planned(tmp_path, sim)


def test_a_sync_by_plan_does_what_was_planned_and_asks_nothing_else(
    planned: Planned,
) -> None:
    shown = planned.plan()
    written = json.loads(planned.file.read_bytes())
    assert written == shown
    planned_names = {f"{each['path']}@{each['version']}" for each in written["adds"]}
    assert planned_names == {f"{ONE}@v1.0.0", f"{USED}@v1.0.0"}
    mark = planned.sim.mark()
    report = planned.sync()
    assert report["versions_admitted"] == len(written["adds"])
    counts = planned.sim.counts(since=mark)
    assert (
        counts[RequestKind.LIST]
        == counts[RequestKind.LATEST]
        == counts[RequestKind.INDEX]
        == 0
    )
    small = (RequestKind.INFO, RequestKind.MOD, RequestKind.ZIP, RequestKind.LOOKUP)
    assert sum(counts[kind] for kind in small) == written["requests"]
    assert planned.site.listed() == planned_names
    planned.site.check(planned.sim)


def _other_selects(planned: Planned) -> None:
    planned.site.select([ONE, TWO])


def _other_rule(planned: Planned) -> None:
    planned.site.select([ONE], prereleases=False)


def _other_go_sum(planned: Planned) -> None:
    more = sum_lines(planned.sim, f"{USED}@v1.0.0", f"{TWO}@v1.0.0/go.mod")
    planned.go_sum.write_text(more)


def _without_go_sum(planned: Planned) -> None:
    planned.go_sum.unlink()


def _new_offer(planned: Planned) -> None:
    offer(planned.sim, ONE, "v1.1.0")
    planned.site.run("plan", "--refresh", expect=OK)


def _other_store(planned: Planned) -> None:
    planned.site.sync(f"{TWO}@v1.0.0")


CHANGES = (
    _new_offer,
    _other_store,
    _other_go_sum,
    _without_go_sum,
    _other_rule,
    _other_selects,
)


def test_a_plan_is_refused_when_something_has_changed_since(planned: Planned) -> None:
    for change in CHANGES:
        planned.plan()
        change(planned)
        before, mark = planned.site.states_of_files(), planned.sim.mark()
        refused = planned.sync(expect=USAGE)
        assert refused["error"] == "StalePlanError", change
        assert "gosync plan --out" in refused["hint"]
        assert planned.sim.requests_since(mark) == []
        assert planned.site.states_of_files() == before


def test_a_plan_that_was_done_is_stale(planned: Planned) -> None:
    planned.plan()
    planned.sync()
    assert planned.sync(expect=USAGE)["error"] == "StalePlanError"


def test_another_plan_is_made_after_a_stale_one(planned: Planned) -> None:
    planned.plan()
    _new_offer(planned)
    planned.plan()
    planned.sync()
    assert f"{ONE}@v1.1.0" in planned.site.listed()
    planned.site.check(planned.sim)


GOOD = {"schema": 1, "type": "plan", "state": "0" * 64, "adds": [], "updates": []}
ROW = {
    "path": "a.example/m",
    "version": "v1.0.0",
    "need": "zip",
    "found_by": "list",
    "state": "wanted",
    "requests": 4,
}


NO_PLANS = [
    "",
    "[]",
    "[" * 5_000,
    "\x00\xff",
    json.dumps({**GOOD, "type": "sync"}),
    json.dumps({**GOOD, "schema": 2}),
    json.dumps({**GOOD, "adds": [{"path": "../../etc"}]}),
    json.dumps({**GOOD, "adds": [{**ROW, "path": "../../../etc"}]}),
    json.dumps({**GOOD, "updates": [{**ROW, "path": "a b.example/m"}]}),
    json.dumps({**GOOD, "updates": [{**ROW, "version": "main"}]}),
    json.dumps({key: value for key, value in GOOD.items() if key != "updates"}),
]


def test_what_is_no_plan_is_refused_before_anything_is_touched(
    planned: Planned,
) -> None:
    for text in NO_PLANS:
        planned.file.write_text(text, encoding="latin-1")
        refused = planned.sync(expect=USAGE)
        assert refused["error"] == "UsageError", text
        assert "gosync plan --out" in refused["hint"], text
    assert planned.sim.requests == []
    assert not planned.site.store.exists()


def test_a_plan_that_is_no_file_or_not_there_is_refused(planned: Planned) -> None:
    assert "No such file" in planned.sync(expect=USAGE)["message"]
    planned.file.mkdir()
    assert planned.site.sync("--plan", str(planned.file), expect=USAGE).stderr


def test_a_plan_cannot_be_written_into_no_folder(planned: Planned) -> None:
    away = str(planned.file.parent / "nowhere" / "plan.json")
    refused = planned.site.run("plan", "--out", away, expect=USAGE).document
    assert "No such file" in refused["message"]
