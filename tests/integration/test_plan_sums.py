"""What `gosync plan` answers: how much, for whom, what is new, what is dropped."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gosync.demo.exchange import RequestKind
from gosync.gomod.module import ModuleVersion
from tests.integration.offered import go_mod_text, offer
from tests.integration.site import OK, USAGE, Site
from tests.simulator import Simulator

ONE, TWO, BASE, APP = (
    "one.example/m",
    "two.example/m",
    "base.example/m",
    "app.example/u",
)


class Summed:
    """Two selects that share a dependency, and a project that shares it as well."""

    def __init__(self, folder: Path, sim: Simulator) -> None:
        self.sim = sim
        offer(sim, BASE, "v1.0.0", ballast_bytes=3_000)
        offer(sim, ONE, "v1.0.0", requires={BASE: "v1.0.0"}, ballast_bytes=1_000)
        offer(sim, TWO, "v1.0.0", requires={BASE: "v1.0.0"}, ballast_bytes=2_000)
        offer(sim, APP, "v1.0.0")
        project = folder / "app"
        project.mkdir()
        requires = {BASE: "v1.0.0", APP: "v1.0.0"}
        text = go_mod_text("app.example/app", requires=requires)
        (project / "go.mod").write_text(text)
        self.project = str(project)
        self.site = Site(folder / "site", sim, modules=[ONE])
        self.selects(ONE, TWO)

    def selects(self, *paths: str) -> None:
        """Select each module by a select of its own, with what a build of it needs."""
        self.site.declare(
            select=[{"modules": [path], "deps": "build"} for path in paths],
            project=[{"path": self.project}],
        )

    def size(self, path: str) -> int:
        """Return the size of a module's zip."""
        return len(self.sim.publication(ModuleVersion(path, "v1.0.0")).zip)

    def plan(self, *arguments: str, verb: str = "plan") -> dict[str, Any]:
        """Return the plan."""
        return self.site.run(verb, *arguments, expect=OK).document


@pytest.fixture
def summed(tmp_path: Path) -> Iterator[Summed]:
    with Simulator() as sim:
        yield Summed(tmp_path, sim)


def test_each_select_and_project_has_its_sums_alone_and_shared(summed: Summed) -> None:
    sums = summed.plan()["sums"]
    sizes = {path: summed.size(path) for path in (ONE, TWO, BASE, APP)}
    by = {each["who"]: each for each in sums["by"]}
    assert set(by) == {"select 1", "select 2", f"project {summed.project}"}
    names = ("select 1", "select 2", f"project {summed.project}")
    for who, path in zip(names, (ONE, TWO, APP), strict=True):
        assert by[who]["alone"]["bytes"] == sizes[path], who
        assert by[who]["shared"]["bytes"] == sizes[BASE], who
        assert by[who]["total"]["zips"] == 2, who
    assert sums["selected"]["bytes"] == sum(sizes.values())
    assert sums["shared"]["bytes"] == sizes[BASE]
    assert sums["fetch"] == sums["selected"] == sums["new"]


def test_rows_say_who_wants_them_and_people_see_the_sums(summed: Summed) -> None:
    plan = summed.plan()
    wanted = {row["path"]: row["wanted_by"] for row in plan["adds"]}
    assert wanted[ONE] == ["select 1"]
    assert set(wanted[BASE]) == {"select 1", "select 2", f"project {summed.project}"}
    assert plan["largest"][0]["path"] == BASE
    text = summed.site.people("plan")
    assert "all together" in text
    assert "select 2" in text


def test_a_dry_run_of_sync_is_a_plan(summed: Summed) -> None:
    plan = summed.plan()
    assert summed.plan("--dry-run", verb="sync") == plan
    assert not summed.site.tree.exists()


def test_a_dry_run_of_named_versions_selects_nothing(summed: Summed) -> None:
    offer(summed.sim, "named.example/m", "v1.0.0")
    plan = summed.plan("named.example/m@v1.0.0", "--dry-run", verb="sync")
    assert [each["who"] for each in plan["sums"]["by"]] == ["commands"]
    assert [row["path"] for row in plan["adds"]] == ["named.example/m"]
    summed.site.sync()
    assert "named.example/m@v1.0.0" not in summed.site.carried()


def test_explain_tells_one_part(summed: Summed) -> None:
    found = summed.plan("--explain", TWO)["explained"]
    assert found["who"] == "select 2"
    assert found["chosen"]["bytes"] == summed.size(TWO)
    assert found["dependencies"]["bytes"] == summed.size(BASE)
    [root] = found["roots"]
    assert root["total"]["bytes"] == summed.size(TWO) + summed.size(BASE)
    assert summed.plan("--explain", "2")["explained"] == found
    refused = summed.site.run("plan", "--explain", "9", expect=USAGE).document
    assert "select 1" in refused["error"] + refused["message"]


def test_fetch_fills_the_store_and_publishes_nothing(summed: Summed) -> None:
    plan = summed.plan("--fetch")
    sums = plan["sums"]
    assert not summed.site.tree.exists()
    assert (sums["fetch"]["zips"], sums["new"]["zips"]) == (0, 4)
    assert sums["selected"]["estimated_bytes"] == 0
    mark = summed.sim.mark()
    summed.site.sync()
    assert summed.sim.counts(since=mark)[RequestKind.ZIP] == 0
    assert summed.plan()["sums"]["new"]["zips"] == 0
    summed.site.check(summed.sim)


def test_what_a_changed_rule_drops_is_told_apart(summed: Summed) -> None:
    summed.site.sync()
    summed.selects(ONE)
    plan = summed.plan()
    assert [(row["path"], row["is_new"]) for row in plan["removes"]] == [(TWO, True)]
    assert (plan["dropped"]["zips"], plan["dropped"]["now"]) == (1, 1)
    assert summed.plan()["dropped"]["now"] == 0


def on_terminal(site: Site, answer: str, *arguments: str) -> tuple[int, str]:
    """Run a command on a terminal, and answer what it asks."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        site.command(*arguments),
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env=site.environment,
        cwd=site.folder,
    )
    os.close(theirs)
    os.write(ours, answer.encode())
    said = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # its end of the terminal is closed
            break
        if not piece:
            break
        said += piece
    os.close(ours)
    return process.wait(timeout=120), said.decode()


def test_a_large_sync_on_a_terminal_asks_and_without_one_goes_on(
    summed: Summed,
) -> None:
    site = summed.site
    site.declare(plan={"confirm_above": "4KiB"})
    code, said = on_terminal(site, "n\n", "sync")
    assert (code, "Go on?" in said) == (USAGE, True)
    assert site.carried() == set()
    code, said = on_terminal(site, "y\n", "sync")
    assert (code, "Go on?" in said) == (OK, True)
    assert len(site.carried()) == 4
    summed.selects(ONE)
    code, said = on_terminal(site, "", "sync")
    assert (code, "Go on?" in said) == (OK, False)


def test_without_a_terminal_a_large_sync_goes_on(summed: Summed) -> None:
    summed.site.declare(plan={"confirm_above": "1B"})
    summed.site.sync()
    assert len(summed.site.carried()) == 4
