"""Every count of a site, held against the tree's own files and each other."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gosync.demo.exchange import RequestKind
from tests.integration.offered import offer
from tests.integration.remains import module_files
from tests.integration.site import MISSING, OK, Site
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
        r'<a class=path href="([^"]+)">([^<]+)</a>.*?<td class=number>(\d+)'
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
        shown = open_part.count("<th scope=row")
        assert shown == min(int(whole), 20)  # older ones are folded
        assert shown + folded.count("<th scope=row") == int(whole) + int(alone or 0)
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
