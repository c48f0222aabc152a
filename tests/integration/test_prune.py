"""What no selection wants any more: kept for a time of grace, then forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.offered import go_mod_text, offer
from tests.integration.remains import files_below
from tests.integration.site import MISSING, OK, SECURITY, USAGE, Site
from tests.simulator import Simulator

KEPT, GONE = "kept.example/m", "gone.example/m"
BEFORE = {f"{KEPT}@v1.0.0", f"{KEPT}@v1.1.0", f"{GONE}@v1.0.0"}
AFTER = {f"{KEPT}@v1.0.0"}


def narrowed_site(folder: Path, sim: Simulator, **keys: Any) -> Site:
    """Return a site that carries BEFORE and selects AFTER."""
    offer(sim, KEPT, "v1.0.0", "v1.1.0")
    offer(sim, GONE, "v1.0.0")
    site = Site(folder, sim, modules=[KEPT, GONE], **keys)
    site.sync()
    assert site.listed() == BEFORE
    site.select([KEPT], versions="<v1.1.0")
    return site


def prune(site: Site, *arguments: str, expect: int = OK) -> dict[str, Any]:
    """Prune without grace."""
    return site.run("prune", "--grace-days", "0", *arguments, expect=expect).document


def names(document: dict[str, Any]) -> set[str]:
    return {f"{each['path']}@{each['version']}" for each in document["removes"]}


def test_what_is_unselected_stays_for_its_time_of_grace_and_then_goes(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        site = narrowed_site(tmp_path, sim)
        assert site.sync().document["versions_unselected"] == 2
        before = site.states_of_files()
        assert site.listed() == BEFORE
        assert names(site.run("plan", expect=OK).document) == BEFORE - AFTER
        waiting = site.run("prune", expect=OK).document
        assert (waiting["removes"], waiting["waiting"]) == ([], 2)
        assert names(prune(site, "--dry-run")) == BEFORE - AFTER
        refused = site.run(
            "prune", "--grace-days", "0", "--max-delete", "1", expect=USAGE
        )
        assert "--max-delete 2" in refused.stderr
        assert names(refused.document) == BEFORE - AFTER
        assert site.states_of_files() == before

        done = prune(site, "--max-delete", "2")
        assert names(done) == BEFORE - AFTER
        assert site.listed() == site.carried() == AFTER == site.states().keys()
        assert not (site.tree / GONE).exists()
        assert len(files_below(site.store / "blobs")) == 3, "one version's files"
        assert done["blobs_removed"] == 5
        assert done["bytes_freed"] > 0
        site.check(sim)
        before = site.states_of_files()
        assert prune(site)["removes"] == []
        assert site.states_of_files() == before


def test_what_was_forgotten_stays_forgotten_until_it_is_selected_again(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        site = narrowed_site(tmp_path / "site", sim)
        site.sync()
        prune(site)
        site.run("catalog", "rebuild", expect=OK)
        site.sync()
        assert site.listed() == site.carried() == AFTER

        site.select([KEPT, GONE])
        site.sync()
        assert site.listed() == BEFORE
        site.check_converges(sim, tmp_path / "clean")


def test_grace_days_are_configured(tmp_path: Path) -> None:
    with Simulator() as sim:
        site = narrowed_site(tmp_path, sim)
        site.declare(prune={"grace_days": 0})
        site.sync()
        site.run("prune", expect=OK)
        assert site.listed() == AFTER


def test_what_is_selected_again_within_its_grace_is_not_fetched_again(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        site = narrowed_site(tmp_path, sim)
        site.sync()
        mark = sim.mark()
        site.select([KEPT, GONE])
        site.sync()
        assert all("/@v/list" in path for path in sim.paths(since=mark))
        assert prune(site)["removes"] == []
        assert site.listed() == BEFORE


def test_of_what_is_wanted_less_only_the_zip_goes(tmp_path: Path) -> None:
    with Simulator() as sim:
        offer(sim, KEPT, "v1.0.0")
        site = Site(tmp_path, sim, modules=[f"{KEPT}@v1.0.0"])
        site.sync()
        site.select([f"{KEPT}@v1.0.0/go.mod"])
        site.sync()
        assert site.listed() == {f"{KEPT}@v1.0.0"}
        [removed] = prune(site)["removes"]
        assert removed["keeps"] == "mod"
        assert site.listed() == site.carried() == set()
        folder = site.tree / KEPT / "@v"
        assert (folder / "v1.0.0.mod").is_file()
        assert (folder / "v1.0.0.info").is_file()
        site.check(sim)
        site.run("catalog", "rebuild", expect=OK)
        site.sync()
        assert site.carried() == set()
        site.select([KEPT])
        site.sync()
        assert site.listed() == {f"{KEPT}@v1.0.0"}
        site.check(sim)


def test_what_a_command_asked_for_stays_until_it_is_let_go(tmp_path: Path) -> None:
    with Simulator() as sim:
        offer(sim, KEPT, "v1.0.0")
        offer(sim, GONE, "v1.0.0")
        site = Site(tmp_path, sim, modules=[KEPT])
        site.sync()
        site.sync(f"{GONE}@v1.0.0")
        site.sync()
        assert prune(site)["removes"] == []
        assert site.listed() == {f"{KEPT}@v1.0.0", f"{GONE}@v1.0.0"}

        assert site.run("prune", "--asked", expect=OK).document["released"] == 1
        prune(site, expect=MISSING)
        site.sync()
        assert names(prune(site)) == {f"{GONE}@v1.0.0"}
        assert site.listed() == {f"{KEPT}@v1.0.0"}
        site.check(sim)


def test_nothing_goes_while_the_configuration_is_not_the_synced_one(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        site = narrowed_site(tmp_path, sim)
        refused = prune(site, expect=MISSING)
        assert refused["error"] == "IncompleteError"
        assert "gosync sync" in refused["hint"]
        site.sync("--no-publish")
        prune(site)
        assert site.listed() == AFTER, "the tree follows"
        site.check(sim)


def test_nothing_goes_while_a_needed_go_mod_cannot_be_had(tmp_path: Path) -> None:
    with Simulator() as sim:
        site = narrowed_site(tmp_path, sim)
        offer(
            sim,
            "app.example/m",
            "v1.0.0",
            requires={GONE: "v1.0.0", "x.example/m": "v1.0.0"},
        )
        offer(sim, "x.example/m", "v1.0.0")
        sim.fail("/x.example/m/@v/v1.0.0.mod", status=503)
        site.select(["app.example/m"], deps="build")
        site.sync(expect=MISSING)
        assert prune(site, expect=MISSING)["error"] == "IncompleteError"
        assert site.listed() >= BEFORE
        sim.clear()
        site.sync("--retry")
        assert names(prune(site)) == {f"{KEPT}@v1.0.0", f"{KEPT}@v1.1.0"}
        assert f"{GONE}@v1.0.0" in site.listed()
        site.check(sim)


def test_nothing_goes_while_a_project_is_refused(tmp_path: Path) -> None:
    with Simulator() as sim:
        site = narrowed_site(tmp_path / "site", sim)
        project = tmp_path / "app"
        project.mkdir()
        text = go_mod_text("app.example/app", requires={GONE: "v1.0.0"})
        (project / "go.mod").write_text(text)
        wrong = "h1:" + "A" * 43 + "="
        (project / "go.sum").write_text(f"{GONE} v1.0.0/go.mod {wrong}\n")
        site.declare(project=[{"path": str(project)}])
        site.sync(expect=SECURITY)
        assert prune(site, expect=MISSING)["error"] == "IncompleteError"
        assert site.listed() == BEFORE


@pytest.mark.parametrize("arguments", [(), ("--dry-run",)])
def test_nothing_is_pruned_before_the_first_sync(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    with Simulator() as sim:
        site = Site(tmp_path, sim, modules=[KEPT])
        assert prune(site, *arguments, expect=MISSING)["error"] == "IncompleteError"
        assert sim.requests == []
