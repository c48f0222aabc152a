"""Selects whose modules are required together, and whose tests are run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gosync.demo.modules import ModuleSource
from gosync.work.progress import NoProgress
from tests.integration.inprocess import InProcessSite
from tests.integration.offered import go_mod_text, offer
from tests.integration.site import OK, Site
from tests.simulator import Simulator

ONE, OTHER, LOW, DEEP = (
    f"{each}.example/m" for each in ("one", "other", "low", "deep")
)


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """Two modules of which the second needs a higher version of what both import.

    Of that version the second imports one package alone; the first imports the other,
    which in this version imports one more module.
    """
    with Simulator() as sim:
        offer(sim, DEEP, "v1.0.0")
        offer(sim, ONE, "v1.0.0", requires={LOW: "v1.0.0"})
        module(sim, LOW, "v1.0.0", {"p.go": "package m\n", "q/q.go": "package q\n"})
        imports = f'package m\n\nimport _ "{DEEP}"\n'
        files = {"p.go": imports, "q/q.go": "package q\n"}
        module(sim, LOW, "v1.1.0", files, requires={DEEP: "v1.0.0"})
        code = f'package m\n\nimport _ "{LOW}/q"\n'
        module(sim, OTHER, "v1.0.0", {"p.go": code}, requires={LOW: "v1.1.0"})
        yield sim


def module(
    sim: Simulator,
    path: str,
    version: str,
    files: dict[str, str],
    *,
    requires: Mapping[str, str] = {},
) -> None:
    files = {"go.mod": go_mod_text(path, requires=requires), **files}
    data = {name: text.encode() for name, text in files.items()}
    sim.publish(ModuleSource(path, version, data, datetime(2024, 1, 1, tzinfo=UTC)))


def test_together_what_several_select_at_once_comes_too(
    tmp_path: Path, sim: Simulator
) -> None:
    site = Site(tmp_path, sim)
    select = {"modules": [ONE, OTHER], "deps": "build"}
    site.declare(select=[select])
    site.sync()
    alone = site.carried()
    assert alone == {f"{each}@v1.0.0" for each in (ONE, OTHER, LOW)} | {f"{LOW}@v1.1.0"}
    plan = site.run("plan", "--explain", "1", expect=OK).document
    assert plan["explained"]["covers"] == "any one"
    assert "together = true" in site.people("plan", "--explain", "1")

    site.declare(select=[{**select, "together": True}])
    site.sync()
    assert site.carried() == {*alone, f"{DEEP}@v1.0.0"}
    plan = site.run("plan", "--explain", "1", expect=OK).document
    assert plan["explained"]["covers"] == "together"
    claims = site.run("why", f"{DEEP}@v1.0.0", expect=OK).document["claims"]
    found = {each["who"]: each for each in claims}
    together = found["dependencies of select 1, all together"]
    assert together["kind"] == "import"
    assert together["path"] == [f"{ONE}@v1.0.0", f"{LOW}@v1.1.0", f"{DEEP}@v1.0.0"]


def test_what_is_taken_as_the_newest_version_is_marked(
    tmp_path: Path, sim: Simulator
) -> None:
    path, bare = "loose.example/m", "bare.example/m"
    code = f'package m\n\nimport _ "{DEEP}"\nimport _ "nowhere.example/x"\n'
    module(sim, path, "v1.0.0", {"p.go": code})
    files = {"go.mod": f"module {bare}\n".encode(), "p.go": code.encode()}
    sim.publish(ModuleSource(bare, "v1.0.0", files, datetime(2024, 1, 1, tzinfo=UTC)))
    site = Site(tmp_path, sim)
    site.declare(select=[{"modules": [path, bare], "deps": "build"}])
    plan = site.run("plan", "--fetch", "--explain", "1", expect=OK).document
    newest = {each["path"] for each in plan["explained"]["versions"] if each["newest"]}
    assert newest == {DEEP}
    site.sync()
    assert f"{DEEP}@v1.0.0" in site.carried()
    found = {
        (each["kind"], each["root"], each["subject"]): each["detail"]
        for each in site.status()["notes"]
    }
    assert found == {
        ("no_go_mod", f"{bare}@v1.0.0", f"{bare}@v1.0.0"): "",
        **{("newest", f"{p}@v1.0.0", f"{DEEP}@v1.0.0"): DEEP for p in (path, bare)},
        **{
            ("unprovided", f"{p}@v1.0.0", "nowhere.example/x"): f"{p}@v1.0.0"
            for p in (path, bare)
        },
    }
    told = site.people("status")
    assert f"{bare}@v1.0.0 has no go.mod: 1 modules" in told
    assert f"nothing that {path}@v1.0.0 requires provides {DEEP}" in told
    assert "nowhere.example/x, which" in told


def test_own_tests_come_with_what_they_import(tmp_path: Path, sim: Simulator) -> None:
    path = "tested.example/m"
    files = {
        "p.go": "package m\n",
        "internal/x/x.go": "package x\n",
        "internal/x/x_test.go": f'package x\n\nimport _ "{DEEP}"\n',
        "t/t_test.go": f'package t\n\nimport _ "{LOW}/q"\n',
    }
    module(sim, path, "v1.0.0", files, requires={DEEP: "v1.0.0", LOW: "v1.1.0"})
    site = Site(tmp_path, sim)
    site.declare(select=[{"modules": [path], "deps": "build"}])
    site.sync()
    assert site.carried() == {f"{path}@v1.0.0"}
    site.declare(select=[{"modules": [path], "deps": "tests"}])
    site.sync()
    assert site.carried() == {f"{path}@v1.0.0", f"{DEEP}@v1.0.0", f"{LOW}@v1.1.0"}


def test_no_phase_finishes_more_than_it_was_to_do(
    tmp_path: Path, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "loose.example/m"
    code = f'package m\n\nimport _ "{DEEP}"\nimport _ "nowhere.example/x"\n'
    module(sim, path, "v1.0.0", {"p.go": code})
    left: dict[int, list[float]] = {}

    def phase(
        watched: NoProgress,
        name: str,
        total: int | None = None,
        *,
        total_bytes: int | None = None,
    ) -> None:
        del name, total_bytes
        left.setdefault(id(watched), []).append(
            float("inf") if total is None else total
        )

    def advance(watched: NoProgress, items: int = 1, *, size_bytes: int = 0) -> None:
        del size_bytes
        if items:
            left[id(watched)][-1] -= items

    monkeypatch.setattr(NoProgress, "phase", phase)
    monkeypatch.setattr(NoProgress, "advance", advance)
    site = InProcessSite(tmp_path, sim)
    site.declare(select=[{"modules": [path], "deps": "build"}])
    site.run("sync")
    assert left
    assert all(rest >= 0 for each in left.values() for rest in each)
