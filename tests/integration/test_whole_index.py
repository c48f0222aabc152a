"""A pattern that matches every module is rarely meant: it needs a yes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.offered import offer
from tests.integration.site import OK, USAGE, Site
from tests.simulator import Simulator

NAMES = ("a.example/m@v1.0.0", "github.com/acme/tool@v1.0.0")


def site_of_everything(folder: Path, sim: Simulator, pattern: str) -> Site:
    for name in NAMES:
        offer(sim, *name.split("@"))
    return Site(folder, sim, modules=[pattern], index=True)


@pytest.mark.parametrize("pattern", ["*", "*/*"])
@pytest.mark.parametrize("command", ["sync", "plan"])
def test_the_whole_index_is_not_taken_by_mistake(
    tmp_path: Path, pattern: str, command: str
) -> None:
    with Simulator() as sim:
        site = site_of_everything(tmp_path, sim, pattern)
        refused = site.run(command, expect=USAGE).document
        assert "the whole index" in refused["message"]
        assert repr(pattern) in refused["message"]
        assert "--yes" in refused["hint"]
        assert sim.requests == [], "nobody was asked"
        assert not site.store.exists()
        assert not site.tree.exists()


def test_the_whole_index_is_taken_with_a_yes(tmp_path: Path) -> None:
    with Simulator() as sim:
        site = site_of_everything(tmp_path, sim, "*")
        adds = site.run("plan", "--yes", expect=OK).document["adds"]
        assert {f"{each['path']}@{each['version']}" for each in adds} == set(NAMES)
        site.sync("--yes")
        assert site.listed() == set(NAMES)
        site.check(sim)


def test_a_whole_host_needs_no_yes(tmp_path: Path) -> None:
    with Simulator() as sim:
        site = site_of_everything(tmp_path, sim, "github.com/*")
        site.sync()
        assert site.listed() == {"github.com/acme/tool@v1.0.0"}
