"""A recorded build, with a real go: what it asked for is carried, and is enough.

The build runs behind `gosync record` against the upstream, and fills the record. A
site that selects the record alone syncs, and the same build passes from its tree,
without any network, GOSUMDB on, with an empty module cache.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from gosync.project.record import parse_record
from tests.go.cells import output_of, project
from tests.go.golangs import TRIED, need_go
from tests.go.served import Served
from tests.integration.offered import offer
from tests.integration.site import OK, Site
from tests.simulator import Simulator
from tests.simulator import standard as std
from tests.simulator.goclient import shared_cache

pytestmark = [pytest.mark.go, pytest.mark.slow]
MAIN = f"""\
package main

import (
	"fmt"

	"{std.UPPER}"
)

func main() {{ fmt.Print(widget.Say()) }}
"""


def consumer(folder: Path) -> Path:
    """Write a program that imports one module."""
    folder.mkdir(parents=True)
    (folder / "main.go").write_text(MAIN)
    text = f"module app.example/app\n\ngo 1.21\n\nrequire {std.UPPER} v1.1.0\n"
    (folder / "go.mod").write_text(text)
    return folder


@pytest.mark.parametrize("version", TRIED[-1:])
def test_what_a_build_asked_for_is_enough_for_it(tmp_path: Path, version: str) -> None:
    go = need_go(version)
    with Simulator() as sim:
        std.publish_standard(sim)
        offer(sim, "unused.example/m", "v1.0.0")
        site = Site(tmp_path / "site", sim)
        app = consumer(tmp_path / "app")
        build = f"cd {app} && {go} mod tidy && {go} build -o {tmp_path}/first ."
        # Where go keeps its compiled packages is the machine's; its modules are not.
        environment = {"GOCACHE": str(shared_cache()), "GOTOOLCHAIN": "local"}
        shell = ("env", *(f"{k}={v}" for k, v in environment.items()), "sh", "-c")
        name = str(site.folder / "app")
        done = site.run("record", name, "--", *shell, build)
        assert done.code == OK, done.stderr

        record = parse_record((site.folder / "app.record.toml").read_bytes())
        whole = {str(each.mv) for each in record.version if each.is_whole}
        assert f"{std.UPPER}@v1.1.0" in whole
        assert not any(each.path == "unused.example/m" for each in record.version)

        site.declare(project=[{"record": "app.record.toml"}])
        assert site.sync().code == OK
        assert site.carried() == whole
        why = site.run("why", f"{std.UPPER}@v1.1.0").document
        assert [claim["kind"] for claim in why["claims"]] == ["recorded"]
        assert site.sync().code == OK
        assert site.carried() == whole

        served = Served(
            site.tree, sim.verifier_key, tmp_path / "served", transport="file"
        )
        with served:
            client = served.client("inside", go)
            names = ("go.mod", "go.sum", "main.go")
            files = {each: (app / each).read_text() for each in names}
            again = project(client, files)
            client.run("build", "-o", "again", ".", cwd=again)
            assert output_of(again / "again") == output_of(tmp_path / "first")


def test_a_command_that_fails_leaves_its_code_and_what_it_asked_for(
    tmp_path: Path,
) -> None:
    go = need_go(TRIED[-1])
    with Simulator() as sim:
        std.publish_standard(sim)
        site = Site(tmp_path / "site", sim)
        command = f"GOCACHE={tmp_path} {go} list -m {std.UPPER}@latest; exit 9"
        done = site.run("record", str(site.folder / "x"), "--", "sh", "-c", command)
        assert done.code == 9
        found = tomllib.loads((site.folder / "x.record.toml").read_text())
        assert {each["path"] for each in found["module"]} == {std.UPPER}
        assert not any((site.folder / "tmp").iterdir())
