"""Folders whose names are no UTF-8: every command works there, or says why not."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.integration.site import OK, Site
from tests.simulator import Simulator
from tests.simulator.standard import module

# An old file system's, or of a stick from elsewhere.
NAME = os.fsdecode(b"gr\xf6\xdfe")
COMMANDS = [
    ["sync"],
    ["status"],
    ["list"],
    ["plan"],
    ["show", "odd.example/m@v1.0.0"],
    ["why", "odd.example/m@v1.0.0"],
    ["config", "show"],
    ["config", "check"],
    ["publish"],
    ["verify", "--offline"],
    ["verify", "public", "--offline"],
    ["verify", "public", "--offline", "--report", "r.html"],
    ["audit"],
    ["prune"],
    ["bundle", "create", "site", "--out", "."],
    ["bundle", "list"],
    ["run", "--once", "sync"],
    ["run", "--once", "verify"],
    ["catalog", "rebuild"],
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("odd") / NAME
    folder.mkdir()
    with Simulator() as sim:
        sim.publish(module("odd.example/m", "v1.0.0"))
        made = Site(folder, sim, modules=["odd.example/m"])
        made.declare(target=[{"name": "site", "keys": ["packer.key"]}])
        made.run("key", "new", "packer", expect=OK)
        made.sync()
        yield made


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_command_works_in_such_a_folder(site: Site, arguments: list[str]):
    result = site.run(*arguments)

    assert result.code == OK, result.stderr
    assert "Traceback" not in result.stderr
    assert result.document


def test_such_an_argument_is_named_and_no_bug(site: Site):
    missing = f"{NAME}-missing"
    for arguments in (
        ["verify", missing],
        ["verify", "--kind", "tree", missing],
        ["bundle", "import", missing],
        ["bundle", "inspect", missing],
        ["closure", missing],
        ["show", f"{NAME}@v1.0.0"],
        ["why", f"{NAME}@v1.0.0"],
        ["list", NAME],
        ["sync", f"{NAME}@v1.0.0"],
        ["publish", f"{missing}/below"],
        ["frobnicate", NAME],
        [NAME],
    ):
        result = site.run(*arguments)
        assert result.code != 1, (arguments, result.stderr)
        assert "Traceback" not in result.stderr


def test_what_was_synced_there_is_all_right(site: Site):
    site.check_store()
    assert json.loads((Path(site.tree) / "status.json").read_bytes())["name"] == "go"
