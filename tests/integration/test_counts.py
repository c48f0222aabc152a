"""Every count is true: what commands, files and exit codes say is what is there.

After each history ``agreed`` counts the tree's own files, and holds against that, and
against each other, what sync, status, list, status.json, metrics and the index page
say.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.integration.counting import (
    BAD,
    GOOD,
    agreed,
    make,
    sim,
    synced,
    whys,
)
from tests.integration.offered import offer
from tests.integration.site import MISSING, OK, USAGE
from tests.simulator import Simulator

__all__ = ["sim"]


def test_all_is_here(tmp_path: Path, sim: Simulator) -> None:
    selection = synced(make(tmp_path, sim), expect=OK)
    assert selection["complete"]
    assert (selection["zips"], selection["missing"]) == (2, 0)


def test_a_module_that_is_not_found_is_missing(tmp_path: Path, sim: Simulator) -> None:
    selection = synced(make(tmp_path, sim, "typo.example/m"), expect=MISSING)
    assert whys(selection) == {"typo.example/m": "not found"}
    assert (selection["missing"], selection["complete"]) == (1, False)


def test_a_module_whose_list_is_empty_is_missing(
    tmp_path: Path, sim: Simulator
) -> None:
    sim.replace_body("/blank.example/m/@v/list", b"")
    site = make(tmp_path, sim, "blank.example/m")
    assert whys(synced(site, expect=MISSING)) == {"blank.example/m": "empty list"}
    assert whys(synced(site, expect=MISSING)) == {"blank.example/m": "empty list"}


def test_a_module_whose_list_fails_is_missing_until_it_is_had(
    tmp_path: Path, sim: Simulator
) -> None:
    offer(sim, BAD, "v1.0.0")
    site = make(tmp_path, sim, BAD)
    with sim.fail(f"/{BAD}/@v/list", status=503):
        assert whys(synced(site, expect=MISSING)) == {BAD: "no answer"}
    assert synced(site, expect=OK)["complete"]
    with sim.fail(f"/{BAD}/@v/list", status=503):
        later = synced(site, expect=MISSING)
    assert (whys(later), later["missing"]) == ({}, 0), "it has versions, of before"


def test_a_module_of_which_nothing_fits_is_missing(
    tmp_path: Path, sim: Simulator
) -> None:
    offer(sim, BAD, "v1.0.0")
    site = make(tmp_path, sim)
    site.declare(select=[{"modules": [GOOD]}, {"modules": [BAD], "versions": ">=v2"}])
    [empty] = synced(site, expect=MISSING)["empty_modules"]
    assert (empty["select"], empty["why"]) == (2, "no match")


def test_a_module_that_waits_for_its_cool_down_is_told_and_not_missing(
    tmp_path: Path, sim: Simulator
) -> None:
    offer(sim, BAD, "v1.0.0")
    site = make(tmp_path, sim)
    site.declare(select=[{"modules": [GOOD]}, {"modules": [BAD], "min_age": 7}])
    selection = synced(site, expect=OK)
    [empty] = selection["empty_modules"]
    assert (empty["why"], empty["until"]) == ("cool-down", selection["reconsider_at"])
    assert selection["missing"] == 0


def test_a_module_of_which_all_is_refused_counts_its_versions(
    tmp_path: Path, sim: Simulator
) -> None:
    offer(sim, BAD, "v1.0.0", "v1.1.0")
    sim.fail(f"/{BAD}/@v/*.info", status=404)
    selection = synced(make(tmp_path, sim, BAD), expect=MISSING)
    assert whys(selection) == {BAD: "refused"}
    assert (selection["gone"], selection["missing"]) == (2, 2)


def test_a_pattern_that_matches_nothing_is_told_and_no_fault(
    tmp_path: Path, sim: Simulator
) -> None:
    selection = synced(make(tmp_path, sim, "none.example/*", index=True), expect=OK)
    assert selection["unmatched_patterns"] == ["none.example/*"]


def test_versions_that_fail_are_counted_by_how(tmp_path: Path, sim: Simulator) -> None:
    offer(sim, BAD, "v1.0.0", "v1.1.0", "v1.2.0")
    sim.fail(f"/{BAD}/@v/v1.0.0.zip", status=503)
    sim.fail(f"/{BAD}/@v/v1.1.0.zip", status=410)
    selection = synced(make(tmp_path, sim, BAD), expect=MISSING)
    assert [selection[each] for each in ("zips", "failed", "gone")] == [3, 1, 1]


def test_go_mod_files_alone_are_no_versions(tmp_path: Path, sim: Simulator) -> None:
    offer(sim, "base.example/m", "v1.0.0")
    offer(sim, BAD, "v1.0.0", requires={"base.example/m": "v1.0.0"})
    site = make(tmp_path, sim, f"{BAD}@v1.0.0/go.mod")
    selection = synced(site, expect=OK)
    assert (selection["zips"], selection["go_mods"]) == (2, 1)
    assert site.status()["versions"]["present"] == 2
    assert site.sync().document["go_mods_admitted"] == 0


def test_a_dependency_whose_go_mod_fails_makes_it_incomplete(
    tmp_path: Path, sim: Simulator
) -> None:
    offer(sim, "base.example/m", "v1.0.0")
    offer(sim, BAD, "v1.0.0", requires={"base.example/m": "v1.0.0"})
    site = make(tmp_path, sim)
    site.select([GOOD, BAD], deps="all")
    with sim.fail("/base.example/m/@v/v1.0.0.mod", status=503):
        selection = synced(site, expect=MISSING)
    assert not selection["complete"]
    assert synced(site, expect=OK)["complete"]


def test_what_can_be_built_with_is_told_from_go_mod_files_and_by_what_it_is_for(
    tmp_path: Path, sim: Simulator
) -> None:
    offer(sim, "base.example/m", "v1.0.0", "v1.1.0", "v1.2.0")
    offer(sim, BAD, "v1.0.0", requires={"base.example/m": "v1.1.0"})
    site = make(tmp_path, sim)
    old = "base.example/m@v1.0.0/go.mod"
    site.select([GOOD, BAD, old], deps="build")
    selection = synced(site, expect=OK)
    numbers = ("zips", "chosen", "dependencies", "tools", "go_mods")
    assert [selection[each] for each in numbers] == [4, 3, 1, 0, 1]
    lines = site.people("list")
    assert "4 versions whole (3 chosen, 1 dependencies), 1 go.mod files alone" in lines
    assert "go.mod only" not in lines, "folded"
    assert "go.mod only" in site.people("list", "--all")
    shown = site.run("show", "base.example/m@v1.1.0", expect=OK).document
    assert shown["role"] == "dependency"

    site.select([GOOD, BAD, "base.example/m@v1.1.0", old], deps="build")
    selection = synced(site, expect=OK)
    assert (selection["chosen"], selection["dependencies"]) == (4, 0)
    site.select([GOOD, BAD, old], deps="build")
    selection = synced(site, expect=OK)
    assert (selection["chosen"], selection["dependencies"]) == (3, 1)


def test_what_is_selected_no_more_is_counted_no_more(
    tmp_path: Path, sim: Simulator
) -> None:
    offer(sim, BAD, "v1.0.0")
    site = make(tmp_path, sim, BAD)
    with sim.fail(f"/{BAD}/@v/*.zip", status=503):
        assert synced(site, expect=MISSING)["failed"] == 1
        site.select([GOOD])
        assert not site.status()["selection"]["current"]
        selection = synced(site, expect=OK)
    assert selection["selected"] == 2
    assert site.status()["versions"]["failed"] == 0


def test_a_zip_that_is_too_large_is_not_missing(tmp_path: Path, sim: Simulator) -> None:
    offer(sim, BAD, "v1.0.0", ballast_bytes=200_000)
    site = make(tmp_path, sim)
    site.select([GOOD, BAD], max_zip="100KiB")
    selection = synced(site, expect=OK)
    assert (selection["omitted"], selection["missing"]) == (1, 0)


def test_what_was_withdrawn_is_not_missing(tmp_path: Path, sim: Simulator) -> None:
    site = make(tmp_path, sim)
    site.sync()
    site.run("withdraw", f"{GOOD}@v1.1.0", "--reason", "it mines coins", expect=OK)
    assert agreed(site)["withdrawn"] == 1
    selection = synced(site, expect=OK)
    assert (selection["withdrawn"], selection["zips"]) == (1, 1)
    assert site.status()["versions"]["withdrawn"] == 1


def test_what_no_tree_can_name_is_told_everywhere(
    tmp_path: Path, sim: Simulator
) -> None:
    path = "index.html/m"
    offer(sim, path, "v1.0.0")
    site = make(tmp_path, sim, path)
    selection = synced(site, expect=MISSING)
    assert [each["path"] for each in selection["unpublished"]] == [path]
    for command in ("sync", "publish", "status"):
        lines = site.people(command)
        assert f"unpublished  {path}: no tree can name it" in lines
    assert site.run("publish", expect=MISSING).document["refused"][0][0] == path
    site.select([GOOD])
    site.sync(expect=MISSING)  # it is kept still
    site.run("prune", "--grace-days", "0", expect=OK)
    assert synced(site, expect=OK)["unpublished"] == []


def test_a_rebuilt_catalog_has_no_selection_yet(tmp_path: Path, sim: Simulator) -> None:
    site = make(tmp_path, sim)
    site.sync()
    site.run("catalog", "rebuild", expect=OK)
    assert "never made" in site.people("status")
    selection = agreed(site)
    assert (selection["missing"], selection["complete"]) == (0, False)
    assert synced(site, expect=OK)["complete"]


def test_status_tells_a_monitor_what_is_too_old(tmp_path: Path, sim: Simulator) -> None:
    site = make(tmp_path, sim, index=True)
    site.run("status", "--max-age", "1d", expect=7)  # there is no store
    site.sync()
    site.run("status", "--max-age", "365d", expect=MISSING)  # the index is quiet
    site.configure({"index": ""})
    site.sync()
    assert site.run("status", "--max-age", "1h", expect=OK).document["late"] == []
    time.sleep(1.1)
    late = site.run("status", "--max-age", "1s", expect=MISSING).document["late"]
    assert {each["what"] for each in late} == {"sync", "lists"}
    assert site.people("status", "--quiet", "--max-age", "1s") == ""
    site.run("status", "--max-age", "tomorrow", expect=USAGE)


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "@@"),
        ("show", f"{GOOD}@one"),
        ("why", "@v1.0.0"),
        ("sync", "nodot@v1.0.0"),
        ("sync", f"{GOOD}@v1"),
        ("list", "[a"),
    ],
)
def test_what_is_malformed_on_the_command_line_is_exit_2(
    tmp_path: Path, sim: Simulator, arguments: tuple[str, ...]
) -> None:
    site = make(tmp_path, sim)
    site.sync()
    refused = site.run(*arguments, expect=USAGE).document
    assert refused["hint"]
