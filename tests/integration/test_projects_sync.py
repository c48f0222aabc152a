"""Projects and toolchains, from their files to the tree; and what stops them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gosync.demo.exchange import RequestKind
from gosync.demo.modules import ModuleSource
from tests.integration.offered import go_mod_text, offer, sum_lines
from tests.integration.remains import digests
from tests.integration.site import MISSING, OK, SECURITY, USAGE, Site
from tests.simulator import Simulator
from tests.simulator.standard import PRIVATE, module

LIB, BASE, TEST = "lib.example/m", "base.example/m", "test.example/m"
WRONG = "h1:" + "A" * 43 + "="
TOOLCHAIN = "golang.org/toolchain"


class Work:
    """An upstream, a site that selects nothing, and a project beside it."""

    def __init__(self, folder: Path, sim: Simulator) -> None:
        self.sim = sim
        offer(sim, BASE, "v1.0.0", "v1.1.0")
        offer(sim, LIB, "v1.0.0", requires={BASE: "v1.1.0"})
        offer(sim, TEST, "v1.0.0")
        self.project = folder / "app"
        self.project.mkdir()
        self.go_sum = self.project / "go.sum"
        self.go_mod(LIB, "v1.0.0")
        self.site = Site(folder / "site", sim, private=["corp.example"])
        self.site.declare(project=[{"path": str(self.project)}])

    def go_mod(self, *required: str) -> None:
        """Write the project's go.mod: paths and versions by turns."""
        requires = dict(zip(required[::2], required[1::2], strict=True))
        text = go_mod_text("app.example/app", requires=requires)
        (self.project / "go.mod").write_text(text)

    def sums(self, *names: str) -> None:
        """Write the project's go.sum; see sum_lines."""
        self.go_sum.write_text(sum_lines(self.sim, *names))

    def state(self) -> dict[str, str]:
        """Return a digest of every file of the site."""
        return digests(self.site.folder)


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    with Simulator() as sim:
        yield Work(tmp_path, sim)


def mods(site: Site) -> set[str]:
    """Return path@version of every .mod in the tree."""
    files = site.tree.glob("**/@v/*.mod")
    return {
        f"{file.parent.parent.relative_to(site.tree)}@{file.stem}" for file in files
    }


def test_the_lines_of_a_go_sum_come_and_nothing_else(work: Work) -> None:
    work.sums(f"{LIB}@v1.0.0", f"{BASE}@v1.0.0/go.mod", f"{BASE}@v1.1.0")
    site = work.site
    site.sync()
    assert site.listed() == site.carried() == {f"{LIB}@v1.0.0", f"{BASE}@v1.1.0"}
    assert f"{BASE}@v1.0.0" in mods(site)
    assert not any(name.startswith(TEST) for name in mods(site))
    site.check(work.sim)


def test_without_a_go_sum_the_graph_says_what_comes(work: Work) -> None:
    site = work.site
    site.sync()
    assert site.listed() == {f"{LIB}@v1.0.0", f"{BASE}@v1.1.0"}
    site.check(work.sim)
    work.go_mod(LIB, "v1.0.0", TEST, "v1.0.0")
    site.sync()
    assert f"{TEST}@v1.0.0" in site.listed()


def test_a_private_module_of_a_project_is_asked_of_the_proxy_alone(work: Work) -> None:
    work.sim.publish_private(module(PRIVATE, "v1.0.0"))
    work.go_mod(PRIVATE, "v1.0.0", LIB, "v1.0.0")
    work.sums(f"{PRIVATE}@v1.0.0", f"{LIB}@v1.0.0", f"{BASE}@v1.1.0")
    work.site.sync()
    assert f"{PRIVATE}@v1.0.0" in work.site.listed()
    assert not [p for p in work.sim.paths(RequestKind.LOOKUP) if "corp.example" in p]
    work.site.check(work.sim)


BROKEN = [
    ("go.mod", "module app.example/app\n\nrequire (\n\tx\n)\n", "go.mod: line 4"),
    ("go.sum", f"{LIB} v1.0.0\n", "go.sum: line 1"),
    ("go.work", "go 1.21\n\nuse ./nowhere\n", "go.mod: no such file"),
]


def test_a_project_that_is_gone_or_broken_changes_nothing(work: Work) -> None:
    site = work.site
    site.sync()
    offer(work.sim, LIB, "v1.1.0", requires={BASE: "v1.1.0"})
    good = {file: file.read_text() for file in work.project.iterdir()}
    before, mark = work.state(), work.sim.mark()
    for name, text, said in BROKEN:
        (work.project / name).write_text(text)
        for command in ("sync", "plan", "prune"):
            refused = site.run(command, expect=USAGE).document
            assert refused["error"] == "ConfigError", (name, command)
            assert said in refused["message"]
            assert str(work.project) in refused["message"]
            assert refused["hint"]
        (work.project / name).unlink()
        for file, kept in good.items():
            file.write_text(kept)
    moved = work.project.rename(work.project.with_name("elsewhere"))
    refused = site.sync(expect=USAGE).document
    assert f"{work.project}: no such folder" in refused["message"]
    assert work.state() == before
    assert work.sim.requests_since(mark) == []
    moved.rename(work.project)
    site.sync()


def test_a_go_sum_that_contradicts_the_log_stops_its_project(work: Work) -> None:
    site, sim = work.site, work.sim
    lines = sum_lines(sim, f"{LIB}@v1.0.0", f"{BASE}@v1.1.0")
    true_line = f"{BASE} v1.1.0 "
    start = lines.index(true_line) + len(true_line)
    end = lines.index("\n", start)
    work.go_sum.write_text(lines[:start] + WRONG + lines[end:])
    site.declare(select=[{"modules": [TEST]}])
    [failed] = site.sync(expect=SECURITY).document["failed"]
    assert failed["error"] == "ChecksumMismatchError"
    assert str(work.go_sum) in failed["reason"]
    assert f"{BASE}@v1.1.0" in failed["reason"]
    assert site.listed() == site.carried() == {f"{TEST}@v1.0.0"}
    assert mods(site) == {f"{TEST}@v1.0.0"}, "its go.mod files wait, too"
    assert {path.split("/")[1] for path in sim.paths(RequestKind.ZIP)} == {
        "test.example"
    }
    [evidence] = site.quarantine(f"{BASE}@v1.1.0")
    assert WRONG.encode() in evidence.files["line"]
    assert lines[start:end].encode() in evidence.files["record"]
    site.check(sim)

    site.sync(expect=SECURITY)
    [open_item] = site.status()["failures"]
    assert open_item["exit_code"] == SECURITY
    assert len(site.quarantine()) == 1, "one evidence of one finding"

    work.go_sum.write_text(lines)
    site.sync()
    assert site.status()["failures"] == []
    assert site.listed() == {f"{TEST}@v1.0.0", f"{LIB}@v1.0.0", f"{BASE}@v1.1.0"}
    site.check(sim)


def test_what_a_project_had_stays_when_it_is_refused(work: Work) -> None:
    site = work.site
    work.sums(f"{LIB}@v1.0.0", f"{BASE}@v1.1.0")
    site.sync()
    before = site.tree_files()
    work.go_sum.write_text(f"{work.go_sum.read_text()}{TEST} v1.0.0 {WRONG}\n")
    site.sync(expect=SECURITY)
    assert site.tree_files() == before


def test_of_a_private_module_the_go_sum_tells_what_to_expect(work: Work) -> None:
    work.sim.publish_private(module(PRIVATE, "v1.0.0"))
    work.go_mod(PRIVATE, "v1.0.0")
    work.go_sum.write_text(f"{PRIVATE} v1.0.0 {WRONG}\n")
    for _ in range(2):
        [failed] = work.site.sync(expect=SECURITY).document["failed"]
        assert failed["error"] == "ChecksumMismatchError"
        assert str(work.go_sum) in failed["reason"]
        assert work.site.listed() == set()
    [evidence] = work.site.quarantine(f"{PRIVATE}@v1.0.0")
    assert evidence.files["zip"]


def test_a_project_in_need_of_what_is_nowhere_is_incomplete(work: Work) -> None:
    work.go_mod(LIB, "v1.0.0", "nowhere.example/m", "v1.0.0")
    result = work.site.sync(expect=MISSING)
    assert set(result.failed) == {"nowhere.example/m@v1.0.0"}
    assert work.site.listed() >= {f"{LIB}@v1.0.0", f"{BASE}@v1.1.0"}


def publish_toolchains(sim: Simulator, *names: str) -> None:
    for name in names:
        files = {"bin/go": name.encode()}
        sim.publish(ModuleSource(TOOLCHAIN, f"v0.0.1-go{name}", files))


def test_toolchains_come_for_their_platforms_with_what_go_asks_beside_them(
    work: Work,
) -> None:
    platforms = ("linux-amd64", "linux-arm64", "darwin-arm64", "windows-amd64")
    publish_toolchains(work.sim, *(f"1.23.4.{each}" for each in platforms))
    site = work.site
    site.declare(
        project=[],
        toolchains={"versions": ["1.23.4"], "platforms": list(platforms[1:3])},
    )
    site.sync()
    wanted = {f"{TOOLCHAIN}@v0.0.1-go1.23.4.{each}" for each in platforms[1:3]}
    asked = f"{TOOLCHAIN}@v0.0.1-go1.23.4.linux-amd64"
    assert site.listed() == site.carried() == wanted
    assert mods(site) == {*wanted, asked}
    assert (site.tree / TOOLCHAIN / "@v/v0.0.1-go1.23.4.linux-amd64.info").is_file()
    lookups = site.tree / "sumdb" / work.sim.log.name / "lookup"
    assert len(list(lookups.glob(f"{TOOLCHAIN}@*"))) == 3
    assert work.sim.counts()[RequestKind.LIST] == 0
    site.check(work.sim)


def test_an_idle_sync_writes_nothing_and_asks_only_what_is_due(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        work = Work(tmp_path, sim)
        publish_toolchains(sim, "1.23.4.linux-amd64")
        site = work.site
        site.declare(
            select=[{"modules": [TEST], "deps": "all"}],
            project=[{"path": str(work.project), "deps": "all"}],
            toolchains={"versions": ["1.23.4"], "platforms": ["linux-amd64"]},
        )
        site.sync()
        before, mark = site.states_of_files(), sim.mark()
        document = site.sync().document
        assert document["published"]["changes"] == 0
        assert document["versions_found"] == document["versions_unselected"] == 0
        assert site.states_of_files() == before
        assert set(sim.counts(since=mark)) == {RequestKind.LIST}
        due = {f"/{path}/@v/list" for path in (LIB, BASE, TEST)}
        assert set(sim.paths(since=mark)) == due, "go get -u looks at these"

        site.configure({"list_interval_seconds": 3600})
        mark = sim.mark()
        site.sync()
        assert sim.requests_since(mark) == []
        assert site.run("plan", expect=OK).document["adds"] == []
        assert site.states_of_files() == before
        site.check(sim)
