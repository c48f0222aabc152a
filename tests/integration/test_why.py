"""``gosync why``: who wants a version, and by which way it came in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gosync.demo.modules import ModuleSource
from tests.integration.offered import go_mod_text, offer, sum_lines
from tests.integration.site import MISSING, OK, USAGE, Site
from tests.simulator import Simulator

TOOLCHAIN = "golang.org/toolchain@v0.0.1-go1.23.4.linux-amd64"
APP, LIB, BASE = "app.example/app", "lib.example/m", "base.example/m"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return a site with everything that can want a version."""
    folder = tmp_path_factory.mktemp("why")
    with Simulator() as sim:
        _publish(sim)
        project = folder / "app"
        project.mkdir()
        text = go_mod_text(APP, requires={LIB: "v1.0.0"})
        (project / "go.mod").write_text(text)
        used = sum_lines(sim, f"{LIB}@v1.0.0", f"{BASE}@v1.0.0")
        left = sum_lines(sim, "left.example/m@v0.9.0/go.mod")
        (project / "go.sum").write_text(used + left)
        site = Site(folder / "site", sim, index=True)
        site.declare(
            select=[
                {"modules": ["named.example/m"], "versions": "latest"},
                {"modules": ["found.example/*"]},
                {"modules": ["tool.example/m@v1.0.0"], "deps": "build"},
            ],
            project=[{"path": str(project)}],
            toolchains={"versions": ["1.23.4"], "platforms": ["linux-amd64"]},
        )
        site.sync()
        site.sync("asked.example/m@v1.0.0")
        yield site


def _publish(sim: Simulator) -> None:
    offer(sim, "named.example/m", "v1.0.0", "v1.1.0")
    for path in ("found.example/m", "asked.example/m", BASE):
        offer(sim, path, "v1.0.0")
    offer(sim, "left.example/m", "v0.9.0")
    offer(sim, LIB, "v1.0.0", requires={BASE: "v1.0.0"})
    offer(sim, "tool.example/m", "v1.0.0", requires={LIB: "v1.0.0"})
    path, version = TOOLCHAIN.split("@")
    sim.publish(ModuleSource(path, version, {"bin/go": b"#!/bin/sh\n"}))


def reasons(site: Site, name: str) -> dict[str, dict[str, Any]]:
    """Return the reasons on a version by who makes them."""
    document = site.run("why", name, expect=OK).document
    return {each["who"].partition(" /")[0]: each for each in document["claims"]}


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("named.example/m@v1.1.0", "select 1"),
        ("found.example/m@v1.0.0", "select 2"),
        ("tool.example/m@v1.0.0", "select 3"),
        (TOOLCHAIN, "toolchains"),
        ("asked.example/m@v1.0.0", "command"),
    ],
)
def test_what_is_named_is_told_with_who_names_it(
    site: Site, name: str, who: str
) -> None:
    found = reasons(site, name)
    assert found.keys() == {who}
    assert found[who]["path"] in ([], [name])


def test_what_a_project_requires_is_told_with_the_way_to_it(site: Site) -> None:
    project = reasons(site, f"{BASE}@v1.0.0")["project"]
    main, *way = project["path"]
    assert "@" not in main  # it has no version
    assert way[-2:] == [f"{LIB}@v1.0.0", f"{BASE}@v1.0.0"]


def test_what_only_a_go_sum_names_is_told_with_its_line(site: Site) -> None:
    found = reasons(site, "left.example/m@v0.9.0")
    assert found.keys() == {"project"}
    assert "go.sum" in found["project"]["kind"]


def test_what_a_select_requires_is_told_with_the_way_to_it(site: Site) -> None:
    found = reasons(site, f"{BASE}@v1.0.0")["dependencies of tool.example/m@v1.0.0"]
    assert found["path"][-2:] == [f"{LIB}@v1.0.0", f"{BASE}@v1.0.0"]


def test_the_chain_is_told_by_imports(site: Site) -> None:
    found = reasons(site, f"{BASE}@v1.0.0")["dependencies of tool.example/m@v1.0.0"]
    assert found["kind"] == "import"
    assert found["imports"] == [
        {"package": "tool.example/m", "path": LIB, "test": False},
        {"package": LIB, "path": BASE, "test": False},
    ]
    told = site.people("why", f"{BASE}@v1.0.0").splitlines()
    assert f"      tool.example/m imports {LIB}, which is in" in told
    assert f"        {LIB} imports {BASE}, which is in" in told
    assert any(line.startswith("import: ") for line in told)


def test_what_was_selected_once_is_told_with_its_end(
    site: Site, tmp_path: Path
) -> None:
    name = "found.example/m@v1.0.0"
    with Simulator() as sim:
        offer(sim, "found.example/m", "v1.0.0")
        other = Site(tmp_path, sim, modules=["found.example/m"])
        other.sync()
        other.select(["found.example/m"], exclude=[name])
        other.sync(expect=None)
        document = other.run("why", name, expect=OK).document
        assert document["claims"] == []
        assert document["selected"] is None
        assert document["unselected_at"]


def test_a_module_alone_means_its_newest_version_here(site: Site) -> None:
    for name in ("named.example/m", "named.example/m@latest"):
        assert site.run("why", name, expect=OK).document["version"] == "v1.1.0"
        assert site.run("show", name, expect=OK).document["version"] == "v1.1.0"
    assert "gosync list" in site.run("why", "no.example/m", expect=MISSING).stderr


def test_what_nobody_knows_is_no_answer(site: Site) -> None:
    for name in ("named.example/m@v1.7.0", "nobody.example/m@v1.0.0"):
        refused = site.run("why", name, expect=MISSING).document
        assert refused["error"] == "NotFoundError"
        assert "gosync list --all" in refused["hint"]


@pytest.mark.parametrize("text", ["Named", "../../etc@v1.0.0", "a.b@", ""])
def test_what_is_no_version_is_refused(site: Site, text: str) -> None:
    refused = site.run("why", text, expect=USAGE).document
    assert "path@v1.2.3" in refused["hint"]


@pytest.mark.parametrize(
    ("name", "who", "number", "entry"),
    [
        ("named.example/m@v1.1.0", "select 1", 1, "named.example/m"),
        ("found.example/m@v1.0.0", "select 2", 2, "found.example/*"),
        (
            f"{BASE}@v1.0.0",
            "dependencies of tool.example/m@v1.0.0",
            3,
            "tool.example/m@v1.0.0",
        ),
    ],
)
def test_the_chain_begins_at_the_entry_of_a_select(
    site: Site, name: str, who: str, number: int, entry: str
) -> None:
    [origin] = reasons(site, name)[who]["named_by"]
    assert (origin["section"], origin["number"]) == ("select", number)
    assert origin["entry"] == entry
    assert origin["file"] == str(site.config_file)
    line = site.config_file.read_text().splitlines()[origin["line"] - 1]
    assert f'"{entry}"' in line


def test_the_chain_begins_at_the_project(site: Site) -> None:
    [origin] = reasons(site, "left.example/m@v0.9.0")["project"]["named_by"]
    assert (origin["section"], origin["number"]) == ("project", 1)
    line = site.config_file.read_text().splitlines()[origin["line"] - 1]
    assert f'"{origin["entry"]}"' in line


def test_an_entry_of_a_modules_file_is_told_with_its_line(tmp_path: Path) -> None:
    with Simulator() as sim:
        offer(sim, "found.example/m", "v1.0.0")
        site = Site(tmp_path, sim)
        file = tmp_path / "home" / "modules.txt"
        file.write_text("# ours\n\nfound.example/m  # all of it\n")
        site.declare(select=[{"modules_file": str(file)}])
        site.sync()
        [origin] = reasons(site, "found.example/m@v1.0.0")["select 1"]["named_by"]
        file.unlink()
    assert (origin["file"], origin["line"]) == (str(file), 3)
    assert origin["entry"] == "found.example/m"
