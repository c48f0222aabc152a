"""A real go before a follower's follower, and before what rsync made of its tree.

One client keeps its cache, and so the tree heads that it saw, over what comes in.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.go.cells import empty_project
from tests.go.golangs import TRIED, need_go
from tests.go.served import Served
from tests.integration.site import Site
from tests.integration.test_followers import follower
from tests.integration.test_rsync import SCRIPT
from tests.simulator import Simulator
from tests.simulator import standard as std

pytestmark = [
    pytest.mark.go,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("rsync") is None, reason="there is no rsync"),
]
M = std.UPPER


@pytest.mark.parametrize("version", TRIED)
def test_go_builds_from_a_follower_s_follower_and_from_a_copy(
    tmp_path: Path, version: str
) -> None:
    go = need_go(version)
    copy = tmp_path / "copy"
    with Simulator() as sim:
        sim.log.grow(300)
        sim.publish(std.module(M, "v1.0.0"))
        first = Site(tmp_path / "first", sim, modules=[M])
        second = follower(tmp_path / "second", sim, f"file://{first.tree}")
        third = follower(tmp_path / "third", sim, f"file://{second.tree}")

        def bring() -> None:
            first.sync("--refresh")
            for site in (second, third):
                site.sync()
            subprocess.run([SCRIPT, f"{third.tree}/", copy], check=True)

        bring()
        with (
            Served(third.tree, sim.verifier_key, tmp_path / "at-third") as at_third,
            Served(copy, sim.verifier_key, tmp_path / "at-copy") as at_copy,
        ):
            clients = [each.client("one", go) for each in (at_third, at_copy)]
            for client in clients:
                client.run("get", f"{M}@latest", cwd=empty_project(client))
            sim.log.grow(400)
            sim.publish(std.module(M, "v1.1.0", day=2))
            bring()
            for client in clients:
                assert client.run("list", "-m", "-versions", M).split()[1:] == [
                    "v1.0.0",
                    "v1.1.0",
                ]
                client.run("mod", "download", f"{M}@v1.1.0")
