"""Every count is true: what commands, files and exit codes say is what is there.

After each history ``agreed`` counts the tree's own files, and holds against that, and
against each other, what sync, status, list, status.json, metrics and the index page
say.
"""

from __future__ import annotations

import json
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gosync.demo.exchange import RequestKind
from tests.integration.offered import go_mod_text, offer, sum_lines
from tests.integration.remains import module_files
from tests.integration.site import MISSING, OK, UNAVAILABLE, USAGE, Site
from tests.simulator import Simulator

GOOD = "good.example/m"
BAD = "bad.example/m"


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as simulator:
        offer(simulator, GOOD, "v1.0.0", "v1.1.0")
        yield simulator


def make(folder: Path, sim: Simulator, *modules: str, index: bool = False) -> Site:
    """Return a site that selects GOOD and these, and writes metrics."""
    site = Site(folder / "site", sim, modules=[GOOD, *modules], index=index)
    site.declare(daemon={"metrics_file": "home/gosync.prom"})
    return site


def agreed(site: Site, sync: dict[str, Any] | None = None) -> dict[str, Any]:
    """Check that everything says the same; return what ``status`` says is selected."""
    status = site.status()
    counts, selection = status["versions"], status["selection"]
    files = dict.fromkeys(RequestKind, 0)
    for _, _, kind in module_files(site.tree):
        files[kind] += 1
    alone = files[RequestKind.MOD] - files[RequestKind.ZIP]

    _check_whole(selection, status)
    listed = site.run("list", expect=OK).document
    hidden = [f"{u['path']}@{u['version']}" for u in selection["unpublished"]]
    assert listed["whole"] == counts["present"]
    assert listed["go_mods"] == counts["go_mod_only"]
    assert len(listed["versions"]) == listed["whole"] + listed["go_mods"]
    assert files[RequestKind.ZIP] == counts["present"] - len(hidden)
    partly = [
        row for row in _rows(site) if row["state"] not in ("present", "forgotten")
    ]
    partly = [row for row in partly if row["mod_digest"] and row["selected"]]
    assert alone == counts["go_mod_only"] + len(partly)
    _check_page(site, files[RequestKind.ZIP], alone)
    _check_modules(site)
    _check_roles(listed)
    _check_lines(site, selection)
    told = json.loads((site.tree / "status.json").read_text())
    if sync is not None:
        _same_selection(sync["selection"], selection)
        assert sync["published"]["versions"] == files[RequestKind.ZIP]
        assert sync["published"]["go_mods"] == alone
        assert told["versions"] == counts
        _same_selection(told["selection"], selection)
        assert told["missing"] == selection["missing"]
        _check_metrics(site, counts, selection)
    return dict(selection)


def _check_whole(selection: dict[str, Any], status: dict[str, Any]) -> None:
    """What is selected is in exactly one of the parts."""
    kinds = ("waiting", "failed", "refused", "gone")
    missing = sum(selection[kind] for kind in kinds)
    empty = [e for e in selection["empty_modules"] if _counts_as_missing(e)]
    assert selection["missing_versions"] == missing
    assert selection["missing"] == missing + len(empty) + selection["to_select"]
    parts = ("present", "omitted", "withdrawn", *kinds)
    assert selection["selected"] == sum(selection[part] for part in parts)
    assert selection["present"] == selection["zips"] + selection["go_mods"]
    roles = ("chosen", "dependencies", "tools")
    assert selection["zips"] == sum(selection[role] for role in roles)
    wrong = selection["missing"] or status["failures"] or selection["unpublished"]
    assert status["exit_code"] == (MISSING if wrong else OK)
    assert selection["complete"] == (selection["current"] and not wrong)
    if selection["complete"]:
        assert not selection["missing"]


def _counts_as_missing(module: dict[str, Any]) -> bool:
    return module["why"] not in ("cool-down", "refused")


def _same_selection(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert one == {key: value for key, value in other.items() if key != "unselected"}


def _rows(site: Site) -> list[dict[str, Any]]:
    return list(site.run("list", "--all", expect=OK).document["versions"])


def _check_page(site: Site, whole: int, alone: int) -> None:
    page = (site.tree / "index.html").read_text()
    said = re.search(
        r"(\d+) modules?, (\d+) versions?(?: and (\d+) go\.mod files? alone)?\.", page
    )
    assert said is not None, page
    assert [int(n or 0) for n in said.groups()[1:]] == [whole, alone]


def _check_modules(site: Site) -> None:
    """The list of modules, and each module's page, count the zips of the tree."""
    zips: Counter[str] = Counter()
    mods: Counter[str] = Counter()
    for _, mv, kind in module_files(site.tree):
        path = mv.path
        zips[path] += kind is RequestKind.ZIP
        mods[path] += kind is RequestKind.MOD
    page = (site.tree / "index.html").read_text()
    rows = re.findall(
        r'class=path><a href="([^"]+)">([^<]+)</a>.*?<td class=number>(\d+)'
        r"(?: <small>\+ (\d+) go\.mod</small>)?</td><td>(.*?)</td>",
        page,
    )
    assert {row[1]: int(row[2]) for row in rows} == dict(zips)
    for href, path, whole, alone, proof in rows:
        assert int(alone or 0) == mods[path] - zips[path]
        assert ("proven" in proof or "pinned" in proof) == (int(whole) > 0)
        text = (site.tree / href).read_text()
        told = re.search(r'<h2 id="versions">(\d+) version', text)
        assert told is not None
        assert told[1] == whole
        open_part, _, folded = text[told.start() :].partition("<details>")
        assert open_part.count("<th scope=row") == int(whole)
        assert folded.count("<th scope=row") == int(alone or 0)
    vouched = re.findall(r"(\d+) versions? (?:proven in|pinned to)", page)
    assert sum(map(int, vouched)) == sum(zips.values())


def _check_roles(listed: dict[str, Any]) -> None:
    """Each whole version is for one thing; ``list`` and its rows say the same."""
    for count, role in (
        ("chosen", "chosen"),
        ("dependencies", "dependency"),
        ("tools", "tool"),
    ):
        whole = [row for row in listed["versions"] if row["zip_digest"]]
        told = [row for row in whole if row["role"] == role]
        assert listed[count] == len(told), role
    roles = ("chosen", "dependencies", "tools")
    assert listed["whole"] == sum(listed[role] for role in roles)


def _check_lines(site: Site, selection: dict[str, Any]) -> None:
    lines = site.people("status").splitlines()
    [line] = [each for each in lines if each.startswith("selection")]
    assert f"{selection['missing']} missing" in line
    assert line.startswith("selection  complete,") == selection["complete"]
    told = [each for each in lines if each.startswith(("missing ", "failed "))]
    assert not (selection["complete"] and told), "nothing below says otherwise"
    for module in selection["empty_modules"]:
        assert module["path"] in "\n".join(lines)


def _check_metrics(
    site: Site, counts: dict[str, int], selection: dict[str, Any]
) -> None:
    text = (site.folder / "home" / "gosync.prom").read_text()
    numbers = re.findall(r'^gosync_(\w+)\{mirror="[^"]*"\} (\S+)$', text, re.MULTILINE)
    found = dict(numbers)
    states = re.findall(
        r'^gosync_versions\{.*state="(\w+)"\} (\d+)$', text, re.MULTILINE
    )
    assert {state: int(n) for state, n in states} == counts
    assert int(found["missing"]) == selection["missing"]
    assert int(found["selected"]) == selection["selected"]
    assert int(found["go_mods"]) == selection["go_mods"]
    roles = re.findall(
        r'^gosync_whole_versions\{.*role="(\w+)"\} (\d+)$', text, re.MULTILINE
    )
    assert {role: int(n) for role, n in roles} == {
        "chosen": selection["chosen"],
        "dependency": selection["dependencies"],
        "tool": selection["tools"],
    }
    assert int(found["selection_complete"]) == selection["complete"]
    assert int(found["unpublished"]) == len(selection["unpublished"])


def synced(site: Site, *, expect: int) -> dict[str, Any]:
    """Sync, and check that all agree; return what is selected."""
    return agreed(site, site.sync(expect=expect).document)


def whys(selection: dict[str, Any]) -> dict[str, str]:
    return {each["path"]: each["why"] for each in selection["empty_modules"]}


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


@pytest.mark.parametrize("status", [403, 404, 410, 451])
def test_a_final_no_about_one_version_is_never_75(
    tmp_path: Path, sim: Simulator, status: int
) -> None:
    """Not even where it is the only question that is asked."""
    site = Site(tmp_path / "site", sim, modules=[f"{GOOD}@v1.0.0", f"{GOOD}@v1.1.0"])
    sim.fail(f"/{GOOD}/@v/v1.1.0.*", status=status)
    for _ in range(3):
        assert site.sync("--retry", expect=MISSING).document["exit_code"] == MISSING


def test_one_version_that_has_failed_for_long_is_no_outage(
    tmp_path: Path, sim: Simulator
) -> None:
    site = Site(tmp_path / "site", sim, modules=[f"{GOOD}@v1.1.0"])
    sim.fail(f"/{GOOD}/@v/v1.1.0.*", status=500)
    site.sync(expect=UNAVAILABLE)
    site.select([f"{GOOD}@v1.0.0", f"{GOOD}@v1.1.0"])
    site.sync("--retry", expect=MISSING)
    for _ in range(2):
        assert site.sync("--retry", expect=MISSING).document["requests"] > 0


def test_a_failure_of_an_index_that_was_turned_off_is_over(
    tmp_path: Path, sim: Simulator
) -> None:
    site = make(tmp_path, sim, index=True)
    site.sync()
    with sim.fail("/index*", status=500):
        site.sync(expect=UNAVAILABLE)
        site.configure({"index": ""})
        assert site.status()["failures"] == []
        assert synced(site, expect=OK)["complete"]


def test_failures_at_a_proxy_that_was_replaced_are_over(
    tmp_path: Path, sim: Simulator
) -> None:
    """What waits for its next try there is tried at once here."""
    site = make(tmp_path, sim)
    with Simulator() as broken:
        broken.fail("*", status=503)
        site.configure({"proxies": broken.url})
        for _ in range(3):  # so that it waits
            site.sync(expect=UNAVAILABLE)
    site.configure({"proxies": sim.url})
    assert site.status()["failures"] == []
    assert synced(site, expect=OK)["complete"]


def test_a_failure_of_a_database_that_was_turned_off_is_over(
    tmp_path: Path, sim: Simulator
) -> None:
    site = make(tmp_path, sim)
    with sim.fail("*/lookup/*", status=500):
        assert synced(site, expect=MISSING)["failed"] == 2
        site.configure({"sumdb": "off", "private": ["*.example"]})
        assert site.status()["failures"] == []
        assert synced(site, expect=OK)["complete"]


def test_a_failure_of_a_project_that_was_removed_is_over(
    tmp_path: Path, sim: Simulator
) -> None:
    project = tmp_path / "app"
    project.mkdir()
    (project / "go.mod").write_text(go_mod_text("a.b/app", requires={GOOD: "v1.0.0"}))
    true = sum_lines(sim, f"{GOOD}@v1.0.0")
    (project / "go.sum").write_text(re.sub("h1:....", "h1:AAAA", true))
    site = make(tmp_path, sim)
    site.declare(project=[{"path": str(project)}])
    site.sync(expect=None)
    assert site.status()["failures"] != []
    site.declare(project=[])
    assert site.status()["failures"] == []
    assert synced(site, expect=OK)["complete"]


def test_what_a_killed_pass_had_yet_to_select_is_missing(
    tmp_path: Path, sim: Simulator
) -> None:
    offer(sim, BAD, *(f"v1.{number}.0" for number in range(30)))
    site = make(tmp_path, sim)
    site.sync()
    site.select([GOOD, BAD, "slow.example/m"])
    with sim.stall("/slow.example/m/@v/list", after_bytes=0) as fault:
        process = site.start("sync")
        deadline = time.monotonic() + 120
        while not fault.hits or site.status()["selection"]["to_select"] != 30:
            assert time.monotonic() < deadline, site.status()["selection"]
            time.sleep(0.05)
        at_work = site.status()
        process.send_signal(signal.SIGKILL)
        process.communicate()
    killed = site.status()
    for status in (at_work, killed):
        assert status["exit_code"] == MISSING
        assert not status["selection"]["complete"]
        assert status["selection"]["to_select"] == 30
        assert status["selection"]["missing"] == 31
    assert killed["last_run"]["killed"]
    assert agreed(site)["missing"] == 31
    site.select([GOOD, BAD])
    assert synced(site, expect=OK)["zips"] == 32


def test_what_a_killed_pass_had_yet_to_fetch_is_missing(
    tmp_path: Path, sim: Simulator
) -> None:
    offer(sim, BAD, *(f"v1.{number}.0" for number in range(10)))
    site = make(tmp_path, sim, BAD)
    with sim.stall(f"/{BAD}/@v/*.info", after_bytes=0) as fault:
        process = site.start("sync")
        while not fault.hits:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    status = site.status()
    assert status["selection"]["waiting"] >= 10
    assert status["exit_code"] == MISSING
    assert synced(site, expect=OK)["zips"] == 12


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
        ("show", GOOD),
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
