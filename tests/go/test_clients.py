"""What developers do, each go before each kind of mirror, the database on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gosync.demo.modules import commit_hash
from gosync.gomod.module import ModuleVersion
from tests.go.cells import Cell, empty_project, output_of, project, required
from tests.go.world import LATEST, NEEDED, SCALE_ONE, consumer_files, said
from tests.simulator import standard as std

LISTED = {
    std.UPPER: ["v1.0.0", "v1.1.0", "v1.2.0-RC.1"],
    std.INCOMPATIBLE: ["v1.0.0", "v2.0.0+incompatible", "v3.1.0+incompatible"],
    std.PSEUDO_ONLY: [],
    std.NO_GO_MOD: ["v1.2.3"],
    std.OUTER: ["v1.0.0"],
    std.NESTED: ["v1.0.0", "v1.1.0"],
    SCALE_ONE: ["v1.0.0"],
    std.MAJOR: ["v2.0.0", "v2.1.0"],
    std.RETRACTED: ["v1.0.0", "v1.1.0"],
    std.DEPRECATED: ["v1.0.0", "v1.1.0"],
    std.PRERELEASE: ["v0.1.0-rc.1", "v0.1.0-rc.2"],
    std.DOTTED_MAJOR: ["v1.0.0"],
    std.UNICODE: ["v1.0.0"],
}
"""What `go list -m -versions` says: no pseudo-versions, nothing retracted."""

pytestmark = [pytest.mark.go, pytest.mark.slow]


def test_mod_download_without_go_sum_proves_all_and_the_program_builds(cell: Cell):
    client = cell.client()
    folder = project(client, consumer_files(NEEDED))
    client.run("mod", "download", cwd=folder)
    assert cell.tile_levels(client) == {"0", "1", "2"}
    assert cell.head(client) == cell.world.heads[0] > 70_000
    client.run("mod", "tidy", cwd=folder)
    want = set(cell.world.go_sum(NEEDED).splitlines())
    assert set((folder / "go.sum").read_text().splitlines()) == want
    client.run("mod", "verify", cwd=folder)
    client.run("build", "-o", "consumer", cwd=folder)
    assert output_of(folder / "consumer") == said(cell.world.sim, NEEDED)


def test_mod_download_with_go_sum_needs_no_database(cell: Cell):
    client = cell.client()
    files = consumer_files(NEEDED) | {"go.sum": cell.world.go_sum(NEEDED)}
    folder = project(client, files)
    client.run("mod", "download", cwd=folder)
    client.run("build", "-o", "consumer", cwd=folder)
    assert (folder / "go.sum").read_text() == files["go.sum"]
    assert cell.tile_levels(client) == set()
    assert output_of(folder / "consumer") == said(cell.world.sim, NEEDED)


def test_build_alone_fetches_what_it_needs(cell: Cell):
    client = cell.client()
    files = consumer_files(NEEDED) | {"go.sum": cell.world.go_sum(NEEDED)}
    folder = project(client, files)
    client.run("build", "-o", "consumer", cwd=folder)
    assert output_of(folder / "consumer") == said(cell.world.sim, NEEDED)


def test_mod_tidy_finds_the_modules_of_imports(cell: Cell):
    client = cell.client()
    files = consumer_files(LATEST) | {"go.mod": "module main.example/main\n\ngo 1.21\n"}
    folder = project(client, files)
    client.run("mod", "tidy", cwd=folder)
    assert required(folder) == LATEST


def test_get_latest_finds_the_newest_of_every_module(cell: Cell):
    client = cell.client()
    folder = empty_project(client)
    client.run("get", *(f"{path}@latest" for path in LATEST), cwd=folder)
    assert required(folder) == LATEST


@pytest.mark.parametrize("digits", [40, 12, 7])
def test_get_finds_versions_by_their_commit(cell: Cell, digits: int):
    wanted = NEEDED | {std.RETRACTED: "v1.0.0"}  # go takes no retracted commit
    commits = {
        path: commit_hash(cell.world.sim.publication(ModuleVersion(path, v)).source)
        for path, v in wanted.items()
    }
    client = cell.client()
    folder = empty_project(client)
    queries = [f"{path}@{commit[:digits]}" for path, commit in commits.items()]
    client.run("get", *queries, cwd=folder)
    assert required(folder) == wanted


def test_list_versions_names_what_is_carried(cell: Cell):
    client = cell.client()
    folder = empty_project(client)
    shown = client.run("list", "-m", "-versions", *LATEST, cwd=folder)
    words = [line.split() for line in shown.splitlines()]
    assert {first: rest for first, *rest in words} == LISTED
    asked = ("-versions", "-retracted", std.RETRACTED)
    every = client.run("list", "-m", *asked, cwd=folder)
    assert every.split() == [std.RETRACTED, "v1.0.0", "v1.0.1", "v1.1.0"]


def test_install_builds_a_program_of_the_mirror(cell: Cell):
    client = cell.client()
    client.run("install", f"{std.PROGRAM}@v1.1.0")
    program = client.folder / "gopath" / "bin" / "program"
    assert output_of(program) == std.PROGRAM_OUTPUT
    client.run("install", f"{std.PROGRAM}@latest")
    assert output_of(program) == std.PROGRAM_OUTPUT


def test_a_zip_of_100_megabytes_is_downloaded_and_proven(cell: Cell):
    client = cell.client()
    shown = client.run("mod", "download", "-json", f"{std.BIG}@v1.0.0")
    document = json.loads(shown)
    assert Path(document["Zip"]).stat().st_size > 100_000_000
    lines = cell.world.go_sum({std.BIG: "v1.0.0"}).splitlines()
    assert [line.split()[2] for line in lines] == [
        document["Sum"],
        document["GoModSum"],
    ]
    assert cell.head(client) == cell.world.heads[0]


def test_a_private_module_comes_without_the_database(cell: Cell):
    client = cell.client(GONOSUMDB="corp.example", GONOPROXY="none")
    folder = empty_project(client)
    client.run("get", f"{std.PRIVATE}@latest", cwd=folder)
    assert required(folder) == {std.PRIVATE: "v1.1.0"}
    assert cell.tile_levels(client) == set()
