"""A select's tools: programs come with what ``go install`` of each asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gosync.demo.modules import ModuleSource
from gosync.sync.toolchains import toolchain_module
from tests.integration.offered import go_mod_text, offer
from tests.integration.site import MISSING, OK, Site
from tests.simulator import Simulator

APP, BELOW, LOW, IDLE = (
    "app.example/m",
    "app.example/m/cmd",
    "low.example/m",
    "i.example/m",
)

AT = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as sim:
        offer(sim, LOW, "v1.0.0")
        offer(sim, IDLE, "v1.0.0")
        for version in ("v1.0.0", "v1.1.0"):
            program(sim, APP, version, requires={LOW: "v1.0.0", IDLE: "v1.0.0"})
        yield sim


def program(
    sim: Simulator,
    path: str,
    version: str,
    *,
    folder: str = "cmd/run",
    requires: Mapping[str, str] = {},
    go: str = "1.21",
    lines: str = "",
) -> None:
    """Offer a module with a library that imports nothing, and a program."""
    imports = f'import _ "{LOW}"\n' if LOW in requires else ""
    files = {
        "go.mod": go_mod_text(path, requires=requires, go=go, lines=lines).encode(),
        "code.go": b"package m\n",
        f"{folder}/main.go": f"package main\n\n{imports}\nfunc main() {{}}\n".encode(),
    }
    sim.publish(ModuleSource(path, version, files, AT))


def with_tools(folder: Path, sim: Simulator, *tools: str, **sections: object) -> Site:
    site = Site(folder, sim)
    site.declare(select=[{"tools": list(tools)}], **sections)  # type: ignore[arg-type]
    return site


def test_a_tool_comes_with_what_its_program_imports(
    tmp_path: Path, sim: Simulator
) -> None:
    site = with_tools(tmp_path, sim, f"{APP}/cmd/run@latest")
    plan = site.run("plan", "--fetch", expect=OK).document
    assert [each["who"] for each in plan["sums"]["by"]] == [
        f"tool {APP}/cmd/run@latest"
    ]
    assert plan["sums"]["by"][0]["what"] == f"{APP}@v1.1.0"
    site.sync()
    assert site.carried() == {f"{APP}@v1.1.0", f"{LOW}@v1.0.0"}
    assert (site.tree / IDLE / "@v/v1.0.0.mod").exists()
    why = site.run("why", f"{LOW}@v1.0.0", expect=OK).document
    assert [each["who"] for each in why["claims"]] == [f"tool {APP}/cmd/run@latest"]
    program(sim, APP, "v1.2.0", requires={LOW: "v1.0.0"})
    site.sync("--refresh")
    assert f"{APP}@v1.2.0" in site.carried()


def test_an_exact_version_is_taken_and_the_longest_module_has_it(
    tmp_path: Path, sim: Simulator
) -> None:
    program(sim, BELOW, "v1.0.0", folder="run")
    site = with_tools(tmp_path, sim, f"{APP}/cmd/run@v1.0.0")
    site.sync()
    assert site.carried() == {f"{BELOW}@v1.0.0"}
    site.declare(select=[{"tools": [f"{APP}/cmd/run@v1.1.0"]}])
    site.sync(expect=None)
    assert f"{APP}@v1.1.0" in site.carried(), "of which the longer has no v1.1.0"


def test_a_tool_that_go_would_not_install_is_told(
    tmp_path: Path, sim: Simulator
) -> None:
    program(sim, "r.example/m", "v1.0.0", lines=f"replace {LOW} => ../low")
    wrong = {
        "r.example/m/cmd/run@latest": "replace",
        f"{APP}@latest": "is no program",
        "nowhere.example/cmd@latest": "no module",
    }
    site = with_tools(tmp_path, sim, *wrong, f"{APP}/cmd/run@v1.0.0")
    result = site.sync(expect=MISSING)
    told = {each["version"]: each["reason"] for each in result.failed.values()}
    assert set(told) == {f"tool {each}" for each in wrong}
    assert all(text in told[f"tool {each}"] for each, text in wrong.items())
    assert f"{APP}@v1.0.0" in site.carried(), "the others come"
    site.declare(select=[{"tools": [f"{APP}/cmd/run@v1.0.0"]}])
    assert site.sync().failed == {}


def test_a_tool_that_could_not_be_read_comes_in_a_later_pass(
    tmp_path: Path, sim: Simulator
) -> None:
    site = with_tools(tmp_path, sim, f"{APP}/cmd/run@latest")
    site.sync()
    program(sim, APP, "v1.2.0", requires={LOW: "v1.0.0"})
    with sim.fail("*/v1.2.0.zip", status=503):
        assert site.sync("--refresh", expect=None).code != OK
    assert site.carried() == {f"{APP}@v1.1.0", f"{LOW}@v1.0.0"}, "as it was"
    with sim.fail("*/@v/list", status=503), sim.fail("*/@latest", status=503):
        assert site.sync("--refresh", "--retry", expect=None).code != OK
    assert f"{LOW}@v1.0.0" in site.carried()
    site.sync("--refresh", "--retry")
    assert site.carried() >= {f"{APP}@v1.2.0", f"{LOW}@v1.0.0"}


def test_a_newer_go_is_carried_where_it_may_be_and_told_where_not(
    tmp_path: Path, sim: Simulator
) -> None:
    program(sim, "new.example/m", "v1.0.0", go="1.24.2")
    tool = "new.example/m/cmd/run@latest"
    site = with_tools(tmp_path, sim, tool)
    plan = site.run("plan", expect=OK).document
    assert [(each["kind"], each["who"], each["subject"]) for each in plan["notes"]] == [
        ("toolchain", f"tool {tool}", "1.24.2")
    ]
    assert "go 1.24.2" in site.people("plan")
    mv = toolchain_module("1.24.2", "linux-amd64")
    files = {"go.mod": f"module {mv.path}\n".encode(), "bin/go": b"a program\n"}
    sim.publish(ModuleSource(mv.path, mv.version, files, AT))
    for versions in (["1.24.3"], []):
        site.declare(toolchains={"versions": versions, "platforms": ["linux-amd64"]})
        plan = site.run("plan", expect=OK).document
        assert plan["notes"] == []
        names = {each["version"] for each in plan["adds"]}
        lacks = not versions
        assert ("v0.0.1-go1.24.2.linux-amd64" in names) is lacks
    site.sync()
    assert "golang.org/toolchain@v0.0.1-go1.24.2.linux-amd64" in site.carried()
