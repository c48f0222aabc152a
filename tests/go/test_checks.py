"""The checks themselves: that go looks, that the tripwire rings."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gosync.gomod.module import escape_path
from tests.go.cells import Cell, without_network
from tests.go.world import World
from tests.simulator import standard as std

pytestmark = [pytest.mark.go, pytest.mark.slow]


@pytest.fixture
def forged(folder_cell: Cell, tmp_path: Path) -> Iterator[Path]:
    """An image of the tree that may be changed."""
    tree = tmp_path / "forged"
    shutil.copytree(folder_cell.world.trees[0], tree, copy_function=os.link)
    folder_cell.mirror.move(tree)
    yield tree
    shutil.rmtree(tree)


def put(file: Path, data: bytes) -> None:
    """Replace a file of an image, whose inode is also another's."""
    file.unlink()
    file.write_bytes(data)


def test_go_refuses_a_zip_that_was_changed_in_the_tree(folder_cell: Cell, forged: Path):
    folder = forged / escape_path(std.MAJOR) / "@v"
    put(folder / "v2.1.0.zip", (folder / "v2.0.0.zip").read_bytes())
    put(folder / "v2.1.0.mod", b"module std.example/scale/v2\n")
    refused = folder_cell.client().try_run("mod", "download", f"{std.MAJOR}@v2.1.0")
    assert refused.returncode != 0
    assert "SECURITY ERROR" in refused.stderr


def test_go_refuses_a_tree_without_its_lookups(folder_cell: Cell, forged: Path):
    shutil.rmtree(forged / "sumdb" / folder_cell.world.sim.log.name / "lookup")
    refused = folder_cell.client().try_run("mod", "download", f"{std.MAJOR}@v2.1.0")
    assert refused.returncode != 0
    assert "/lookup/" in refused.stderr


@pytest.mark.parametrize("transport", ["http.server", "file"])
def test_what_is_not_the_mirror_would_be_noticed(
    world: World, golang: Path, transport: str, tmp_path: Path
):
    with Cell(world, golang, transport, tmp_path) as cell:
        client = cell.client(GOPROXY=f"{cell.mirror.url},https://elsewhere.example")
        refused = client.try_run("mod", "download", "nowhere.example/m@v1.0.0")
        assert refused.returncode != 0
        if transport == "file" and without_network():
            assert "network is unreachable" in refused.stderr
        else:
            assert cell.tripwire.hits == ["CONNECT elsewhere.example:443 HTTP/1.1"]
