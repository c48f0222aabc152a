"""A selection that grows, shrinks and is made again: nothing is asked twice for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gosync.demo.exchange import RequestKind
from tests.integration.offered import go_mod_text, offer
from tests.integration.site import MISSING, OK, Site
from tests.simulator import Simulator

LIB, BASE = "lib.example/m", "base.example/m"
FILES = (RequestKind.INFO, RequestKind.MOD, RequestKind.ZIP, RequestKind.LOOKUP)


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as sim:
        offer(sim, BASE, "v1.0.0", "v1.1.0")
        offer(sim, LIB, "v1.0.0", requires={BASE: "v1.0.0"})
        yield sim


def project_section(
    folder: Path, requires: dict[str, str], deps: str
) -> dict[str, str]:
    """Write a project without a go.sum; return its section of the configuration."""
    folder.mkdir()
    text = go_mod_text("app.example/app", requires=requires)
    (folder / "go.mod").write_text(text)
    return {"path": str(folder), "deps": deps}


def test_beside_an_index_an_idle_sync_asks_it_alone(
    tmp_path: Path, sim: Simulator
) -> None:
    app = project_section(tmp_path / "app", {LIB: "v1.0.0"}, "all")
    site = Site(tmp_path / "site", sim, index=True)
    site.declare(select=[{"modules": [LIB], "deps": "all"}], project=[app])
    site.sync()
    before, mark = site.states_of_files(), sim.mark()
    assert site.sync().document["published"]["changes"] == 0
    assert site.states_of_files() == before
    assert sim.counts(since=mark) == {RequestKind.INDEX: 1}

    offer(sim, BASE, "v1.2.0", days_ago=0)
    site.sync()
    assert f"{BASE}@v1.2.0" in site.listed(), "the index told of what go get -u takes"
    site.check(sim)


def test_after_a_rebuild_nothing_is_fetched_again(
    tmp_path: Path, sim: Simulator
) -> None:
    app = project_section(tmp_path / "app", {LIB: "v1.0.0"}, "all")
    offer(sim, "big.example/m", "v1.0.0", ballast_bytes=5_000)
    site = Site(tmp_path / "site", sim)
    small = {"modules": ["big.example/m"], "max_zip": "1KiB"}
    site.declare(select=[small], project=[app])
    site.sync()
    tree = site.tree_files()
    rebuilt = site.run("catalog", "rebuild", expect=OK).document
    assert rebuilt["missing"] == []
    mark = sim.mark()
    site.sync()
    fetched = [path for path in sim.paths(*FILES, since=mark) if "big" not in path]
    assert fetched == []
    assert site.tree_files() == tree
    site.check(sim)


def test_a_go_mod_that_was_read_to_select_is_not_asked_again_when_it_is_needed(
    tmp_path: Path, sim: Simulator
) -> None:
    offer(sim, "sad.example/m", "v1.0.0")
    offer(sim, "sad.example/m", "v1.1.0", lines="retract v1.0.0")
    site = Site(tmp_path, sim)
    site.select(["sad.example/m"], versions="<v1.1.0", exclude=["sad.example/m@v1.1.0"])
    site.sync(expect=MISSING)  # all that is in the range is retracted
    assert site.carried() == set()
    assert not (site.tree / "sad.example").exists(), "read, and not shown"
    mark = sim.mark()
    site.select(["sad.example/m@v1.1.0/go.mod"])
    site.sync()
    assert sim.paths(*FILES, since=mark) == []
    assert (site.tree / "sad.example/m/@v/v1.1.0.mod").is_file()
    site.check(sim)


def test_failures_of_what_is_selected_no_more_are_forgotten(
    tmp_path: Path, sim: Simulator
) -> None:
    sim.fail(f"/{BASE}/@v/v1.0.0.zip", status=503)
    app = project_section(tmp_path / "app", {LIB: "v1.0.0"}, "build")
    site = Site(tmp_path / "site", sim)
    site.declare(project=[app])
    assert set(site.sync(expect=MISSING).failed) == {f"{BASE}@v1.0.0"}
    assert f"{LIB}@v1.0.0" in site.listed()
    site.declare(project=[], select=[{"modules": [LIB]}])
    site.sync()
    assert site.status()["failures"] == []
    site.check(sim)


def test_a_command_names_versions_beside_the_selection(
    tmp_path: Path, sim: Simulator
) -> None:
    site = Site(tmp_path, sim, modules=[LIB])
    site.sync()
    site.sync(f"{BASE}@latest")
    assert site.listed() == {f"{LIB}@v1.0.0", f"{BASE}@v1.1.0"}
    site.sync()
    assert site.listed() == {f"{LIB}@v1.0.0", f"{BASE}@v1.1.0"}
    site.check(sim)


def test_a_retraction_is_not_forgotten_while_its_news_cannot_be_had(
    tmp_path: Path, sim: Simulator
) -> None:
    path = "sad.example/m"
    offer(sim, path, "v1.0.0", "v1.0.1")
    offer(sim, path, "v1.1.0", lines="retract v1.0.1")
    site = Site(tmp_path, sim, modules=[path])
    site.sync()
    offer(sim, path, "v1.2.0", lines="retract v1.0.1")
    with sim.fail(f"/{path}/@v/v1.2.0.mod", status=503):
        site.sync(expect=MISSING)
    assert site.listed() == {f"{path}@v1.0.0", f"{path}@v1.1.0"}
    site.sync("--retry")
    assert site.listed() == {f"{path}@v1.{minor}.0" for minor in range(3)}
    site.check(sim)


def test_commits_that_a_list_names_stay_known_where_latest_has_no_answer(
    tmp_path: Path,
) -> None:
    path, commit = "commit.example/m", "v0.0.0-20240101000000-abcdefabcdef"
    with Simulator() as sim:
        offer(sim, path, commit)
        sim.replace_body(f"*{path}/@v/list", f"{commit}\n".encode())
        sim.fail(f"*{path}/@latest", status=404)
        site = Site(tmp_path, sim, modules=[path])
        for _ in range(3):
            site.sync("--refresh")
            assert site.status()["selection"]["selected"] == 1
