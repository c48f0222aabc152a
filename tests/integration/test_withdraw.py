"""One version withdrawn: gone from the tree at once, and nothing brings it back."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.integration.offered import go_mod_text, offer
from tests.integration.remains import files_below
from tests.integration.site import MISSING, OK, STANDS_OPEN, USAGE, Site, digests
from tests.simulator import Simulator

M, N = "kept.example/m", "other.example/n"
BAD = f"{M}@v1.1.0"
REASON = "its release key was stolen"


def make_site(folder: Path, sim: Simulator, **keys: Any) -> Site:
    offer(sim, M, "v1.0.0", "v1.1.0")
    offer(sim, N, "v1.0.0")
    site = Site(folder, sim, modules=[M, N], **keys)
    site.sync()
    return site


def withdraw(site: Site, *arguments: str, expect: int = OK) -> dict[str, Any]:
    how = arguments or (BAD, "--reason", REASON)
    return site.run("withdraw", *how, expect=expect).document


def check_gone(site: Site) -> None:
    assert BAD not in site.listed() | site.carried()
    folder = site.tree / M / "@v"
    assert not list(folder.glob("v1.1.0.*"))
    assert "v1.1.0" not in (site.tree / M / "@latest").read_text()
    for alias in folder.glob("*.info"):
        assert "v1.1.0" not in alias.read_text()
    assert REASON in (folder / "index.html").read_text()


def test_it_is_gone_at_once_and_its_bytes_stay(tmp_path: Path) -> None:
    with Simulator() as sim:
        site = make_site(tmp_path, sim)
        blobs = files_below(site.store / "blobs")
        sim.fail("*", status=503)
        done = withdraw(site)
        check_gone(site)
        assert (done["reason"], done["in_store"]) == (REASON, True)
        [tree] = done["trees"]
        assert tree["removed"] > 0
        assert site.listed() == {f"{M}@v1.0.0", f"{N}@v1.0.0"}
        assert files_below(site.store / "blobs") == blobs
        sim.clear()
        site.check(sim)
        before = site.states_of_files()
        withdraw(site)
        assert site.states_of_files() == before, "once is enough"


def test_nothing_brings_it_back_but_undo(tmp_path: Path) -> None:
    with Simulator() as sim:
        site = make_site(tmp_path / "site", sim)
        withdraw(site)
        site.sync("--refresh", "--retry")
        check_gone(site)
        site.run("publish", expect=OK)
        site.run("verify", "--repair")
        check_gone(site)
        site.run("prune", "--grace-days", "0", expect=OK)
        check_gone(site)
        site.run("catalog", "rebuild", expect=OK)
        site.run("publish", expect=OK)
        check_gone(site)
        synced = site.sync().document
        check_gone(site)
        assert [each["version"] for each in synced["withdrawn"]] == ["v1.1.0"]
        assert synced["failed"] == []
        (site.tree / ".gosync/tree.json").write_bytes(b"{}")
        site.run("publish", expect=OK)
        check_gone(site)

        mark = sim.mark()
        undone = withdraw(site, BAD, "--undo")
        assert undone["undone_at"] is not None
        assert site.listed() >= {BAD}
        assert "v1.1.0" in (site.tree / M / "@latest").read_text()
        assert REASON not in (site.tree / M / "@v" / "index.html").read_text()
        assert not [p for p in sim.paths(since=mark) if "v1.1.0.zip" in p]
        site.sync()
        assert site.status()["withdrawn"] == []
        site.check_converges(sim, tmp_path / "clean")


def test_its_bytes_outlive_a_prune_though_nothing_selects_it(tmp_path: Path) -> None:
    with Simulator() as sim:
        site = make_site(tmp_path, sim)
        withdraw(site)
        site.select([N])
        site.sync()
        site.run("prune", "--grace-days", "0", expect=OK)
        assert site.states().keys() == {BAD, f"{N}@v1.0.0"}
        assert len(files_below(site.store / "blobs")) == 6
        withdraw(site, BAD, "--undo")
        assert BAD in site.listed()
        site.sync()
        site.run("prune", "--grace-days", "0", expect=OK)
        assert BAD not in site.listed()


def test_who_asks_for_it_by_name_is_told_why(tmp_path: Path) -> None:
    with Simulator() as sim:
        site = make_site(tmp_path, sim)
        withdraw(site)
        mark = sim.mark()
        refused = site.sync(BAD, expect=MISSING)
        assert refused.document["error"] == "WithdrawnError"
        assert REASON in refused.document["message"]
        assert f"gosync withdraw --undo {BAD}" in refused.document["hint"]
        assert sim.paths(since=mark) == []
        site.select([BAD, N])
        synced = site.sync().document
        assert [each["version"] for each in synced["withdrawn"]] == ["v1.1.0"]
        check_gone(site)
        assert site.status()["selection"]["missing"] == 0


def test_latest_takes_the_one_before(tmp_path: Path) -> None:
    with Simulator() as sim:
        offer(sim, M, "v1.0.0", "v1.1.0")
        site = Site(tmp_path, sim, modules=[M], versions="latest")
        site.sync()
        assert site.listed() == {BAD}
        withdraw(site)
        assert not (site.tree / M / "@v" / "list").exists()
        site.sync()
        assert site.listed() == {f"{M}@v1.0.0"}
        withdraw(site, BAD, "--undo")
        site.sync()
        assert BAD in site.listed()


def test_what_was_never_here_does_not_come(tmp_path: Path) -> None:
    with Simulator() as sim:
        offer(sim, M, "v1.0.0", "v1.1.0")
        site = Site(tmp_path, sim, modules=[M])
        assert withdraw(site)["in_store"] is False
        mark = sim.mark()
        site.sync()
        assert site.listed() == {f"{M}@v1.0.0"}
        check_gone(site)
        assert not [path for path in sim.paths(since=mark) if "v1.1.0" in path]
        withdraw(site, BAD, "--undo")
        site.sync()
        assert BAD in site.listed()
        site.check(sim)


def test_who_needs_it_is_named_everywhere(tmp_path: Path) -> None:
    with Simulator() as sim:
        site = make_site(tmp_path / "site", sim)
        app = tmp_path / "app"
        app.mkdir()
        text = go_mod_text("app.example/app", requires={M: "v1.1.0"})
        (app / "go.mod").write_text(text)
        site.declare(project=[{"path": str(app)}])
        assert withdraw(site)["needed_by"] == ["app.example/app"]
        synced = site.sync().document
        assert synced["withdrawn"][0]["needed_by"] == ["app.example/app"]
        told = site.run("why", BAD, expect=OK).document
        assert told["withdrawn"]["needed_by"] == ["app.example/app"]
        assert [c["who"] for c in told["claims"] if c["who"].startswith("project")]
        assert site.run("show", BAD, expect=OK).document["withdrawal"] is not None
        [status] = site.status()["withdrawn"]
        assert (status["reason"], status["needed_by"]) == (REASON, ["app.example/app"])
        for page in (site.tree / M / "@v/index.html", site.tree / "modules/feed.atom"):
            assert REASON in page.read_text()
            assert "app.example/app" in page.read_text()
        told = site.run("closure", str(app), expect=STANDS_OPEN).document
        [lacking] = told["projects"][0]["findings"]
        assert lacking["reason"] == f"withdrawn: {REASON}"
        [step] = told["projects"][0]["next"]
        assert f"{BAD} is withdrawn" in step
        (app / "go.mod").write_text(go_mod_text("app.example/app", requires={}))
        site.sync()
        assert site.status()["withdrawn"][0]["needed_by"] == []
        check_gone(site)


def test_neither_the_limit_nor_what_else_waits_holds_it_up(tmp_path: Path) -> None:
    with Simulator() as sim:
        site = make_site(tmp_path, sim)
        site.declare(publish={"tree": "public", "max_delete": 0})
        offer(sim, N, "v1.1.0")
        site.sync("--no-publish", "--refresh")
        site.run("withdraw", f"{N}@v1.0.0", "--reason", "too", expect=OK)
        withdraw(site)
        check_gone(site)


def test_every_known_tree_loses_it(tmp_path: Path) -> None:
    with Simulator() as sim:
        site = make_site(tmp_path, sim)
        other, away = site.store / "other", site.store / "away"
        for tree in (other, away):
            site.run("publish", str(tree), expect=OK)
        shutil.move(away, site.store / "elsewhere")
        done = withdraw(site, expect=MISSING)
        errors = {each["root"]: each["error"] for each in done["trees"]}
        assert errors == {
            str(site.tree): "",
            str(other): "",
            str(away): "the tree is not there",
        }
        assert not list((other / M / "@v").glob("v1.1.0.*"))
        assert (other / M / "@v/list").read_text() == "v1.0.0\n"
        check_gone(site)
        shutil.move(site.store / "elsewhere", away)
        site.run("publish", str(away), expect=OK)
        assert not list((away / M / "@v").glob("v1.1.0.*"))


def test_another_stores_tree_at_a_known_place_is_left_alone(tmp_path: Path) -> None:
    with Simulator() as sim:
        site = make_site(tmp_path / "site", sim)
        theirs = make_site(tmp_path / "theirs", sim)
        other = site.store / "other"
        site.run("publish", str(other), expect=OK)
        shutil.rmtree(other)
        shutil.copytree(theirs.tree, other)
        before = digests(other)
        done = withdraw(site, expect=MISSING)
        errors = {each["root"]: each["error"] for each in done["trees"]}
        assert "another store" in errors[str(other)]
        assert digests(other) == before
        check_gone(site)


def test_what_else_would_go_stays_for_somebodys_word(tmp_path: Path) -> None:
    with Simulator() as sim:
        site = make_site(tmp_path, sim)
        offer(sim, M, "v1.2.0")
        site.sync("--refresh")
        other = site.store / "other"
        site.run("publish", str(other), expect=OK)
        site.select([f"{M}@v1.0.0", BAD])
        site.sync()
        site.run("prune", "--grace-days", "0", expect=OK)
        site.declare(publish={"tree": "public", "max_delete": 1})
        site.run("publish", str(other), expect=USAGE)
        withdraw(site)
        check_gone(site)
        assert (other / M / "@v/list").read_text() == "v1.0.0\nv1.2.0\n"
        assert "v1.2.0" in (other / M / "@latest").read_text()
        assert not list((other / M / "@v").glob("v1.1.0.*"))
        assert (other / N / "@v/v1.0.0.zip").exists()
        site.run("publish", str(other), "-y", expect=OK)
        assert (other / M / "@v/list").read_text() == "v1.0.0\n"


def test_plan_and_list_tell_of_it(tmp_path: Path) -> None:
    with Simulator() as sim:
        site = make_site(tmp_path, sim)
        withdraw(site)
        planned = site.run("plan", expect=OK).document
        assert [each["version"] for each in planned["withdrawn"]] == ["v1.1.0"]
        assert (planned["adds"], planned["updates"], planned["failed"]) == ([], [], [])
        rows = site.run("list", expect=OK).document["versions"]
        assert "v1.1.0" not in {row["version"] for row in rows}
        rows = site.run("list", "--all", expect=OK).document["versions"]
        assert [r["version"] for r in rows if r["withdrawn"]] == ["v1.1.0"]


@pytest.mark.parametrize(
    "arguments",
    [
        (BAD,),
        (BAD, "--reason", "  "),
        (BAD, "--reason", "two\nlines"),
        (BAD, "--reason", "why", "--undo"),
        (BAD, "--undo"),
        (M, "--reason", "why"),
        (f"{M}@latest", "--reason", "why"),
        (f"{M}@v1.1", "--reason", "why"),
        ("-m@v1.0.0", "--reason", "why"),
    ],
)
def test_what_makes_no_sense_is_refused(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    with Simulator() as sim:
        site = Site(tmp_path, sim, modules=[M])
        withdraw(site, *arguments, expect=USAGE)
