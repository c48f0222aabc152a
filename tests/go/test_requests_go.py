"""The loop of requests, told by a real go: asked inside, answered with a bundle.

A developer behind nginx and a tree asks for a module that is not carried, and reads
whom to ask. The access log becomes a request, is carried outside, approved there,
and comes in with the next bundle; then the same command works, GOSUMDB on.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.go.cells import empty_project
from tests.go.golangs import TRIED, need_go
from tests.go.served import Served
from tests.integration.offered import offer
from tests.integration.pair import Machines, Pair
from tests.simulator import Simulator
from tests.simulator import standard as std

pytestmark = [pytest.mark.go, pytest.mark.slow]
WANTED, NEEDED, OTHER = "wanted.example/lib", "needed.example/base", "gpl.example/lib"


class Loop:
    """Both sides, and what goes between them."""

    def __init__(self, folder: Path, sim: Simulator, machines: Machines) -> None:
        sim.publish(std.module(std.OUTER, "v1.0.0"))
        offer(sim, NEEDED, "v1.0.0")
        offer(sim, WANTED, "v1.0.0", "v1.1.0", requires={NEEDED: "v1.0.0"})
        offer(sim, OTHER, "v1.0.0")
        self.pair = Pair(folder / "pair", sim, machines, modules=[std.OUTER])
        self.modules = self.pair.outside.folder / "requested.txt"
        self.modules.write_text(f"{std.OUTER}@v1.0.0\n")
        selects = [{"modules_file": str(self.modules), "deps": "build"}]
        self.pair.outside.declare(select=selects)
        self.file = self.pair.papers / "requests.json"

    def carry(self) -> None:
        """Let the next bundle cross."""
        self.pair.sync()
        self.pair.take(self.pair.make())

    def asked(self) -> dict[str, dict[str, object]]:
        """Return the requests inside, by module and query."""
        found = self.pair.run_inside("requests", "list").document["requests"]
        return {f"{each['module']}@{each['query']}": each for each in found}


def test_what_is_asked_inside_comes_with_a_bundle(tmp_path: Path) -> None:
    with Simulator() as sim, Machines() as machines:
        loop = Loop(tmp_path, sim, machines)
        pair = loop.pair
        loop.carry()
        served = Served(
            pair.inside.tree, sim.verifier_key, tmp_path / "served", transport="nginx"
        )
        with served:
            client = served.client("developer", need_go(TRIED[-1]))
            project = empty_project(client)
            failed = client.try_run("get", f"{WANTED}@latest", cwd=project)
            assert failed.returncode != 0
            assert "ask for it: your mirror's operator" in failed.stderr
            client.try_run("get", f"{OTHER}@v1.0.0", cwd=project)
            client.try_run("get", f"{WANTED}@v1.0.0", cwd=project)

            log = tmp_path / "served/mirror/access.log"
            pair.run_inside("requests", "read", str(log))
            again = pair.run_inside("requests", "read", str(log)).document
            assert again["lines"] == 0
            asked = loop.asked()
            assert f"{WANTED}@latest" in asked
            assert asked[f"{WANTED}@v1.0.0"]["count"]
            assert asked[f"{WANTED}@latest"]["askers"] == {
                "127.0.0.1": asked[f"{WANTED}@latest"]["count"]
            }

            pair.run_inside("requests", "export", str(loop.file))
            assert "127.0.0.1" not in loop.file.read_text()
            refused = ("--refuse", OTHER, "--reason", "its licence")
            add = ("requests", "add", str(loop.file), *refused)
            shown = pair.run_outside(*add).document
            by_name = {f"{e['module']}@{e['query']}": e for e in shown["requests"]}
            assert by_name[f"{WANTED}@latest"]["version"] == "v1.1.0"
            assert by_name[f"{WANTED}@latest"]["requires"] == 1
            assert by_name[f"{WANTED}@latest"]["size_bytes"] > 0
            assert set(shown["added"]) == {f"{WANTED}@v1.0.0", f"{WANTED}@v1.1.0"}

            loop.carry()
            client.run("get", f"{WANTED}@latest", cwd=project)
            assert f"{WANTED} v1.1.0" in (project / "go.mod").read_text()
            client.run("mod", "download", cwd=project)
        after = loop.asked()
        assert f"{WANTED}@latest" not in after
        assert after[f"{OTHER}@v1.0.0"]["state"] == "refused"
        assert after[f"{OTHER}@v1.0.0"]["reason"] == "its licence"
        chinese = (pair.inside.tree / "documents/requests.zh.html").read_text()
        assert '<html lang="zh-Hans">' in chinese
        assert "requests.zh.html" in (pair.inside.tree / "index.zh.html").read_text()
        page = (pair.inside.tree / "documents/requests.html").read_text()
        assert "its licence" in page
        decisions = json.loads(
            (pair.inside.tree / "documents/requests.json").read_text()
        )
        assert decisions["type"] == "request-decisions"
        pair.check_alone()
