"""Every verb, on a copy of one prepared site: for what must never be a bug of ours."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from tests.integration.inprocess import InProcessSite
from tests.integration.site import OK
from tests.simulator import Simulator
from tests.simulator.standard import module

CODES = {0, 2, 3, 4, 5, 6, 7, 11, 13, 14, 15, 75}
QUIET = {0, 3, 4, 5}  # what the result itself explains
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
    ["access", "access.log"],
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


def prepare(folder: Path, sim: Simulator) -> InProcessSite:
    """Make a site that was synced, with a newer version upstream and a bundle."""
    sim.publish(module("a.example/m", "v1.0.0"))
    sim.publish(module("b.example/m", "v1.0.0"))
    site = InProcessSite(folder, sim, modules=["a.example/m", "b.example/m"])
    (folder / "app").mkdir()
    (folder / "access.log").write_text(
        '10.0.0.1 - - [27/Nov/2026:08:20:01 +0000] "GET /c.example/m/@latest HTTP/1.1"'
        ' 404 9 "-" "Go-http-client/1.1"\n'
    )
    (folder / "app" / "go.mod").write_text(
        "module app.example/app\n\ngo 1.21\n\nrequire a.example/m v1.0.0\n"
    )
    site.declare(
        target=[{"name": "site", "keys": ["packer.key"]}],
        project=[{"path": "app"}],
        daemon={"metrics_file": "metrics.prom"},
    )
    key = site.run("key", "new", "packer", expect=OK)
    (folder / "trust.toml").write_text(key.document["trust"])
    site.sync()
    site.run("bundle", "create", "site", "--out", "bundles", expect=OK)
    inside = site.config_file.read_text().replace('"store"', '"inside"', 1)
    (folder / "inside.toml").write_text(inside.partition("[[target]]")[0])
    sim.publish(module("a.example/m", "v1.1.0"))
    return site


class Copy:
    """A copy of the prepared site, which a command may do anything to."""

    def __init__(self, prepared: Path, folder: Path) -> None:
        shutil.copytree(prepared, folder, symlinks=True)
        self.folder = folder
        self.site = InProcessSite.__new__(InProcessSite)
        self.site.folder = folder
        self.site.config_file = folder / "gosync.toml"
        self.site.variables = {}

    def run(self, arguments: list[str]) -> Any:
        return self.site.run(*arguments)


def check(result: Any, told: str) -> None:
    assert result.code in CODES, f"{told}: exit {result.code}\n{result.stderr}"
    assert "Traceback" not in result.stderr, f"{told}\n{result.stderr}"
    errors = [line for line in result.stderr.splitlines() if line.startswith("{")]
    assert len(errors) <= 1, f"{told}\n{result.stderr}"
    if result.code not in QUIET and not result.stdout:
        assert json.loads(errors[0])["message"], told
