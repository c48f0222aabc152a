"""The site, once; each go version and transport there is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.go.cells import Cell
from tests.go.golangs import TRIED, need_go
from tests.go.mirrors import TRANSPORTS
from tests.go.world import World
from tests.simulator import Simulator


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    with Simulator() as sim:
        world = World(folder, sim)
        world.build()
        yield world
    shutil.rmtree(folder)


@pytest.fixture(scope="session", params=TRIED)
def golang(request: pytest.FixtureRequest) -> Path:
    """A go command."""
    return need_go(request.param)


@pytest.fixture(scope="session", params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> str:
    """How clients reach the tree."""
    return str(request.param)


@pytest.fixture
def cell(world: World, golang: Path, transport: str, tmp_path: Path) -> Iterator[Cell]:
    """A go version before a transport, at first with the oldest tree."""
    with Cell(world, golang, transport, tmp_path) as cell:
        yield cell
        cell.assert_nothing_else_was_contacted()


@pytest.fixture
def folder_cell(world: World, golang: Path, tmp_path: Path) -> Iterator[Cell]:
    """A go version before the tree as a folder, for what no transport changes."""
    with Cell(world, golang, "file", tmp_path) as cell:
        yield cell
        cell.assert_nothing_else_was_contacted()
