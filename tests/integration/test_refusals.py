"""Every command, with a call to the system or to SQLite refused somewhere on its way.

Whatever is refused where: the exit code is one of the table, never 1; there is no
traceback; what is wrong is said in one line. A sample of the calls is tried, all of
them with GOSYNC_TEST_EVERY_STEP=1.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.inprocess import InProcessSite
from tests.integration.refusing import Calls, refusal_of_sqlite, refusal_of_system
from tests.integration.site import OK
from tests.simulator import Simulator
from tests.simulator.standard import module

CODES = {0, 2, 3, 4, 5, 6, 7, 11, 13, 14, 15, 75}
QUIET = {0, 3, 4, 5}  # what the result itself explains
SAMPLE = 10
EVERY = os.environ.get("GOSYNC_TEST_EVERY_STEP") == "1"
COMMANDS = [
    ["sync"],
    ["plan"],
    ["plan", "--out", "plan.json"],
    ["status"],
    ["list", "--all"],
    ["show", "a.example/m@v1.0.0"],
    ["why", "a.example/m@v1.0.0"],
    ["publish"],
    ["verify"],
    ["verify", "--repair"],
    ["verify", "public"],
    ["verify", "public", "--report", "r.html"],
    ["audit"],
    ["prune"],
    ["closure", "app"],
    ["key", "new", "other"],
    ["bundle", "create", "site", "--out", "out"],
    ["bundle", "inspect", "bundles"],
    ["bundle", "list"],
    ["bundle", "import", "bundles", "--config", "inside.toml"],
    ["run", "--once", "sync"],
    ["run", "--once", "verify"],
    ["catalog", "rebuild"],
    ["config", "check"],
    ["config", "show"],
    ["init", "new"],
    ["systemd", "install", "--print"],
]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A site that was synced, with a newer version upstream, a bundle and a project."""
    folder = tmp_path_factory.mktemp("prepared") / "site"
    with Simulator() as sim:
        sim.publish(module("a.example/m", "v1.0.0"))
        sim.publish(module("b.example/m", "v1.0.0"))
        site = InProcessSite(folder, sim, modules=["a.example/m", "b.example/m"])
        (folder / "app").mkdir()
        (folder / "app" / "go.mod").write_text(
            "module app.example/app\n\ngo 1.21\n\nrequire a.example/m v1.0.0\n"
        )
        site.declare(
            target=[{"name": "site", "keys": ["packer.key"]}],
            project=[{"path": "app"}],
            daemon={"metrics_file": "metrics.prom"},
        )
        os.chdir(folder)
        key = site.run("key", "new", "packer", expect=OK)
        (folder / "trust.toml").write_text(key.document["trust"])
        site.sync()
        site.run("bundle", "create", "site", "--out", "bundles", expect=OK)
        inside = site.config_file.read_text().replace('"store"', '"inside"', 1)
        (folder / "inside.toml").write_text(inside.partition("[[target]]")[0])
        sim.publish(module("a.example/m", "v1.1.0"))
        yield folder


class Copy:
    """A copy of the prepared site, which a command may do anything to."""

    def __init__(self, prepared: Path, folder: Path) -> None:
        shutil.copytree(prepared, folder, symlinks=True)
        self.folder = folder
        self.site = InProcessSite.__new__(InProcessSite)
        self.site.config_file = folder / "gosync.toml"
        os.chdir(folder)

    def run(self, arguments: list[str]) -> Any:
        return self.site.run(*arguments)


def check(result: Any, told: str) -> None:
    assert result.code in CODES, f"{told}: exit {result.code}\n{result.stderr}"
    assert "Traceback" not in result.stderr, f"{told}\n{result.stderr}"
    errors = [line for line in result.stderr.splitlines() if line.startswith("{")]
    assert len(errors) <= 1, f"{told}\n{result.stderr}"
    if result.code not in QUIET and not result.stdout:
        assert json.loads(errors[0])["message"], told


def points(count: int, seed: int) -> list[int]:
    """Return which calls are refused: all, or a few that are spread over them."""
    if EVERY or count <= SAMPLE:
        return [*range(1, count + 1)]
    step = count / SAMPLE
    return sorted({1 + int(step * n + seed % max(1, int(step))) for n in range(SAMPLE)})


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_what_the_system_refuses_is_one_line(
    prepared: Path, tmp_path: Path, arguments: list[str], monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    seed = COMMANDS.index(arguments)
    calls = Calls(tmp_path)
    first = Copy(prepared, tmp_path / "first")
    with calls.system():
        first.run(arguments)
    for at in points(calls.count, seed):
        copy = Copy(prepared, tmp_path / str(at))
        error = refusal_of_system(at + seed)
        with calls.system(at, error):
            result = copy.run(arguments)
        check(result, f"{calls.refused_call}: {error}")
        shutil.rmtree(copy.folder)


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_what_sqlite_refuses_is_one_line(
    prepared: Path, tmp_path: Path, arguments: list[str], monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    seed = COMMANDS.index(arguments)
    calls = Calls(tmp_path)
    first = Copy(prepared, tmp_path / "first")
    with calls.sqlite():
        first.run(arguments)
    for at in points(calls.count, seed):
        copy = Copy(prepared, tmp_path / str(at))
        error = refusal_of_sqlite(at + seed)
        with calls.sqlite(at, error):
            result = copy.run(arguments)
        check(result, f"{calls.refused_call}: {error!r}")
        shutil.rmtree(copy.folder)
