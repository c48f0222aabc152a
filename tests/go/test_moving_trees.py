"""Upstream grows, gosync follows, and the mirror's tree moves under its clients.

A client remembers the largest head it saw, in GOPATH, also when its module cache
is cleaned; it then asks the new tree for the tiles of that old head.
"""

from __future__ import annotations

import pytest

from tests.go.cells import Cell, empty_project, output_of, project, required
from tests.go.mirrors import TRANSPORTS
from tests.go.world import LATE, NEEDED, PSEUDO_LATER, consumer_files, said
from tests.simulator import standard as std
from tests.simulator.goclient import GoClient
from tests.tiers import spread

pytestmark = [pytest.mark.go, pytest.mark.slow]

# What a client asks for does not depend on what serves it: the first tier tries one.
ONE_SERVER = pytest.mark.parametrize(
    "transport", spread(TRANSPORTS, 1), indirect=True, scope="session"
)

LATER = {**NEEDED, std.UPPER: "v1.3.0", std.PSEUDO_ONLY: PSEUDO_LATER, LATE: "v1.0.0"}
MUCH_LATER = {**LATER, std.UPPER: "v1.4.0", LATE: "v1.1.0"}


def build_all(cell: Cell, client: GoClient, needed: dict[str, str], name: str) -> None:
    """Build a program of these modules, from a go.mod alone."""
    folder = project(client, consumer_files(needed), name)
    client.run("mod", "tidy", cwd=folder)
    assert set((folder / "go.sum").read_text().splitlines()) == set(
        cell.world.go_sum(needed).splitlines()
    )
    client.run("build", "-o", "consumer", cwd=folder)
    assert output_of(folder / "consumer") == said(cell.world.sim, needed)


def test_a_client_goes_on_with_its_caches(cell: Cell):
    client = cell.client()
    for number, needed in enumerate((NEEDED, LATER, MUCH_LATER)):
        cell.move(number)
        build_all(cell, client, needed, f"at{number}")
        assert cell.head(client) == cell.world.heads[number]


@ONE_SERVER
def test_a_client_with_a_cleaned_module_cache_goes_on(cell: Cell):
    client = cell.client()
    for number, needed in enumerate((NEEDED, LATER, MUCH_LATER)):
        cell.move(number)
        build_all(cell, client, needed, f"at{number}")
        assert cell.head(client) == cell.world.heads[number]
        client.run("clean", "-modcache")
        assert cell.tile_levels(client) == set()
    build_all(cell, client, MUCH_LATER, "again")


@ONE_SERVER
def test_a_client_that_remembers_an_even_older_head_goes_on(cell: Cell):
    client = cell.client()
    build_all(cell, client, NEEDED, "before")
    client.run("clean", "-modcache")
    cell.move(2)
    # First what both trees have: its lookups carry the head that they were made with.
    client.run("mod", "download", f"{std.UPPER}@v1.0.0")
    assert cell.head(client) == cell.world.heads[0]
    build_all(cell, client, MUCH_LATER, "after")
    assert cell.head(client) == cell.world.heads[2]


@ONE_SERVER
def test_a_fresh_client_sees_the_newest_tree_alone(cell: Cell):
    cell.move(2)
    client = cell.client()
    build_all(cell, client, MUCH_LATER, "fresh")
    assert cell.head(client) == cell.world.heads[2]


@ONE_SERVER
def test_an_old_client_finds_what_is_new(cell: Cell):
    client = cell.client()
    folder = empty_project(client)
    client.run("get", f"{std.UPPER}@latest", cwd=folder)
    client.run("install", f"{std.PROGRAM}@latest")
    client.run("clean", "-modcache")
    cell.move(1)
    client.run("get", f"{std.UPPER}@latest", f"{LATE}@latest", cwd=folder)
    assert required(folder) == {std.UPPER: "v1.3.0", LATE: "v1.0.0"}
    client.run("install", f"{std.PROGRAM}@latest")
    program = client.folder / "gopath" / "bin" / "program"
    want = std.PROGRAM_OUTPUT.replace("widget 1.1", "widget 1.3")
    assert output_of(program) == want
