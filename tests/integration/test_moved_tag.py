"""A tag moves upstream: all that is told of it, from the audit to the people inside."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from gosync.folder.routes import FEED
from gosync.gomod.escape import escape_path
from gosync.gomod.module import ModuleVersion
from tests.integration.pair import Machines, Pair
from tests.integration.site import OK, STANDS_OPEN
from tests.simulator import Simulator
from tests.simulator.standard import OUTER, module

MOVED = ModuleVersion(OUTER, "v1.0.0")
KINDS = {"rewritten", "diverged"}


def _upstream() -> Simulator:
    sim = Simulator()
    for minor in range(2):
        sim.publish(module(OUTER, f"v1.{minor}.0", say=str(minor), day=minor))
    return sim


def _pair(
    folder: Path, machines: Machines, first: Simulator, second: Simulator
) -> Pair:
    """Two upstreams outside; whatever its audit finds goes to a file, line by line."""
    pair = Pair(folder, first, machines, modules=[OUTER])
    pair.outside.configure({"proxies": [first.url, second.url]})
    told = folder / "told"
    told.touch()
    pair.outside.declare(
        audit={"interval_days": 0},  # every run asks everything
        hooks={"on_finding": [f"sh -c 'cat >> {told}; echo >> {told}'"]},
    )
    return pair


def _told(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "told").read_text().splitlines()]


def _files_in(zip_file: Path) -> dict[str, bytes]:
    """Return a zip's files; a bundle carries these, and not how they were packed."""
    with zipfile.ZipFile(zip_file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _open(status: dict[str, Any]) -> dict[str, int]:
    """Return how many findings of which kinds stand open."""
    return {kind: count for kind, count in status["audit"]["open"].items() if count}


def _audit(pair: Pair, *, expect: int) -> None:
    pair.run_outside("run", "--once", "audit", expect=expect)


@pytest.mark.timeout(60)
def test_a_moved_tag_is_told_all_the_way_inside(tmp_path: Path):
    zip_name = f"{escape_path(MOVED.path)}/@v/{MOVED.version}.zip"
    with _upstream() as first, _upstream() as second, Machines() as machines:
        pair = _pair(tmp_path, machines, first, second)
        pair.sync()
        _audit(pair, expect=OK)
        assert _told(tmp_path) == []
        before = pair.outside.tree_files()
        proven = _files_in(pair.outside.tree / zip_name)

        first.move_tag(MOVED, {"more.go": b"package more\n"})
        for _ in range(2):
            _audit(pair, expect=STANDS_OPEN)

        # The hook was called once, with both sides of it.
        (call,) = _told(tmp_path)
        assert (call["occasion"], call["job"]) == ("finding", "audit")
        findings = {each["kind"]: each for each in call["findings"]}
        assert len(call["findings"]) == len(findings)
        assert findings.keys() == KINDS
        rewritten = findings["rewritten"]
        publication = first.publication(MOVED)
        assert (rewritten["path"], rewritten["version"]) == (MOVED.path, MOVED.version)
        assert rewritten["source"] == first.url
        assert rewritten["ours"]["zip_h1"] == publication.zip_h1
        assert rewritten["theirs"]["zip_h1"] != publication.zip_h1
        # status and show tell it outside, and nothing that is served has changed.
        status = pair.run_outside("status", expect=STANDS_OPEN).document
        assert _open(status) == dict.fromkeys(KINDS, 1)
        outside = pair.run_outside("show", str(MOVED)).document
        assert {each["kind"] for each in outside["findings"]} == KINDS
        assert {each["source"] for each in outside["looks"]} == {first.url, second.url}
        pair.sync()
        assert pair.outside.tree_files() == before

        # The first bundle that inside gets was made only now: all there is from it,
        # and it is what outside proved, and the log proves again.
        bundle = pair.make()
        pair.take(bundle)
        pair.check()
        assert _files_in(pair.inside.tree / zip_name) == proven
        inside = pair.run_inside("show", str(MOVED)).document
        _check_same_story(inside["findings"], outside["findings"])
        status = pair.run_inside("status", expect=STANDS_OPEN).document
        assert _open(status) == dict.fromkeys(KINDS, 1)
        assert f"rewritten: {MOVED} (new)" in (pair.inside.tree / FEED).read_text()


def _check_same_story(
    inside: list[dict[str, Any]], outside: list[dict[str, Any]]
) -> None:
    """What is told inside is what was found outside, and since when."""
    theirs = {each["kind"]: each for each in outside}
    assert {each["kind"] for each in inside} == theirs.keys()
    for finding in inside:
        found = theirs[finding["kind"]]
        for key in ("path", "version", "source", "summary", "theirs"):
            assert finding[key] == found[key]
        since = {"seen_outside": found["first_seen"]}
        assert finding["ours"] == found["ours"] | since
        assert finding["state"] == "new"
