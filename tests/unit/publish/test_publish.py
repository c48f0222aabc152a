"""A tree follows its catalog: what is carried is there, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from gosync.catalog.versions import Need
from gosync.publish.changelog import ChangeLog
from gosync.publish.marker import parse_marker
from gosync.publish.pages.pageoptions import PageOptions
from gosync.publish.publisher import Publisher
from gosync.publish.storage.localtree import LocalTree
from gosync.publish.storage.notedtree import NotedTree
from gosync.publish.work import PublishOptions, TreeTarget
from gosync.store.digest import digest_of
from gosync.work.progress import NoProgress
from tests.unit.publish.world import NAME, FixedClock, World, stats

M = "example.com/m"
PSEUDO = "v0.0.0-20240101000000-abcdefabcdef"
OWN_FILES = (
    "index.html",
    "index.zh.html",
    "modules",
    "modules/search.js",
    "modules/search-*.js",
    "modules/" + "[0-9a-f]" * 16,
    f"sumdb/{NAME}/latest",
    f"sumdb/{NAME}/supported",
    f"sumdb/{NAME}/404.txt",
)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_version_has_all_its_files(world: World) -> None:
    commit = "0123456789" * 4
    world.add("github.com/Acme/widget", "v1.0.0", commit=commit)
    world.publish()
    base = "github.com/!acme/widget"
    assert {path for path in world.files() if "/tile/" not in path} == {
        ".gosync/tree.json",
        "index.html",
        f"{base}/@latest",
        f"{base}/@v/0123456.info",
        f"{base}/@v/01234567.info",
        f"{base}/@v/0123456789.info",
        f"{base}/@v/012345678901.info",
        f"{base}/@v/{commit}.info",
        f"{base}/@v/index.html",
        f"{base}/@v/list",
        f"{base}/@v/v1.0.0.info",
        f"{base}/@v/v1.0.0.mod",
        f"{base}/@v/v1.0.0.zip",
        "index/2024-03-05.jsonl",
        "index/files.json",
        "index/state.json",
        "modules/feed.atom",
        "modules/search.js",
        f"sumdb/{NAME}/404.txt",
        f"sumdb/{NAME}/latest",
        f"sumdb/{NAME}/lookup/github.com/!acme/widget@v1.0.0",
        f"sumdb/{NAME}/supported",
    }
    assert world.read(f"{base}/@v/list") == b"v1.0.0\n"
    assert world.read(f"{base}/@v/v1.0.0.mod") == b"module github.com/Acme/widget\n"
    assert (
        world.read(f"{base}/@v/v1.0.0.zip") == b"zip of github.com/Acme/widget@v1.0.0"
    )
    info = world.read(f"{base}/@v/v1.0.0.info")
    assert b'"Version":"v1.0.0"' in info
    assert world.read(f"{base}/@latest") == info
    assert world.read(f"{base}/@v/0123456.info") == info


def test_blobs_are_linked_not_copied(world: World) -> None:
    world.add(M, "v1.0.0")
    report = world.publish()
    digest = digest_of(world.read(f"{M}/@v/v1.0.0.zip"))
    assert (world.root / f"{M}/@v/v1.0.0.zip").samefile(world.blobs.path(digest))
    assert (report.linked, report.copied) == (8, 0)


def test_everybody_may_read_the_tree(world: World) -> None:
    world.add(M, "v1.0.0")
    world.publish()
    for file in world.root.rglob("*"):
        want = 0o755 if file.is_dir() else 0o444
        assert file.stat().st_mode & want == want


def test_nothing_new_writes_nothing(world: World) -> None:
    world.add(M, "v1.0.0", PSEUDO)
    world.add("corp.example/p", "v1.0.0", private=True)
    first = world.publish()
    before = stats(world.root)
    second = world.publish()
    assert stats(world.root) == before
    assert second.changes == 0
    assert (
        (second.modules, second.versions) == (first.modules, first.versions) == (2, 3)
    )


def test_a_newer_head_alone_writes_nothing(world: World) -> None:
    world.add(M, "v1.0.0")
    world.publish()
    before = stats(world.root)
    world.log.grow(500)
    assert world.publish().changes == 0
    assert stats(world.root) == before


def test_a_whole_publish_of_what_is_there_touches_the_marker_alone(
    world: World,
) -> None:
    world.add(M, "v1.0.0")
    world.publish()
    before = stats(world.root)
    marker = parse_marker(world.read(".gosync/tree.json"))
    incomplete = msgspec.structs.replace(marker, complete=False)
    (world.root / ".gosync/tree.json").write_bytes(msgspec.json.encode(incomplete))
    report = world.publish()
    assert report.full
    after = stats(world.root)
    touched = {path for path in before if before[path] != after[path]}
    assert touched == {
        str(world.root / name)
        for name in (".gosync", ".gosync/tree.json", ".gosync/staging")
    }


def test_new_versions_alone_are_written(world: World) -> None:
    world.add(M, "v1.0.0")
    world.add("example.com/other", "v1.0.0")
    world.publish()
    before = stats(world.root / "example.com/other")
    world.add(M, "v1.1.0")
    report = world.publish()
    assert world.read(f"{M}/@v/list") == b"v1.0.0\nv1.1.0\n"
    assert b"v1.1.0" in world.read(f"{M}/@latest")
    assert stats(world.root / "example.com/other") == before
    assert not report.full
    assert report.changed_modules == 1
    assert report.linked == 8
    assert (report.modules, report.versions) == (2, 3)


def test_pseudo_versions_alone_have_an_empty_list_and_a_latest(world: World) -> None:
    world.add(M, PSEUDO)
    world.publish()
    assert world.read(f"{M}/@v/list") == b""
    assert PSEUDO.encode() in world.read(f"{M}/@latest")


def test_of_a_go_mod_alone_there_is_mod_info_and_lookup(world: World) -> None:
    world.add(M, "v1.0.0", need=Need.MOD, info=False)
    world.publish()
    assert names(world.root / M / "@v") == [
        "index.html",
        "v1.0.0.info",
        "v1.0.0.mod",
    ]
    assert world.read(f"{M}/@v/v1.0.0.info") == b'{"Version":"v1.0.0"}'
    assert not (world.root / M / "@latest").exists()
    assert (world.root / f"sumdb/{NAME}/lookup/{M}@v1.0.0").exists()


def test_a_zip_that_comes_later_completes_the_version(world: World) -> None:
    world.add(M, "v1.0.0", need=Need.MOD, info=False)
    world.publish()
    world.add(M, "v1.0.0")
    world.publish()
    assert world.read(f"{M}/@v/list") == b"v1.0.0\n"
    assert b'"Origin"' in world.read(f"{M}/@v/v1.0.0.info")


def test_other_zip_bytes_replace_the_file(world: World) -> None:
    world.add(M, "v1.0.0", zip_data=b"deflated one way")
    world.publish()
    world.add(M, "v1.0.0", zip_data=b"deflated another way")
    world.publish()
    assert world.read(f"{M}/@v/v1.0.0.zip") == b"deflated another way"


def test_a_private_version_has_no_lookup(world: World) -> None:
    world.add("corp.example/p", "v1.0.0", private=True)
    world.add(M, "v1.0.0")
    world.publish()
    assert world.read("corp.example/p/@v/list") == b"v1.0.0\n"
    assert not (world.root / f"sumdb/{NAME}/lookup/corp.example").exists()
    assert (world.root / f"sumdb/{NAME}/lookup/{M}@v1.0.0").exists()


def test_private_versions_alone_need_nothing_of_the_database(world: World) -> None:
    world.add("corp.example/p", "v1.0.0", private=True)
    assert world.publish().tiles == 0
    assert not (world.root / "sumdb").exists()
    world.add(M, "v1.0.0")
    world.publish()
    assert (world.root / f"sumdb/{NAME}/supported").exists()


def test_what_is_withdrawn_goes_with_its_lookup_and_aliases(world: World) -> None:
    world.add(M, "v1.0.0", commit="a" * 40)
    world.add(M, "v1.1.0", commit="b" * 40)
    world.add(f"{M}/sub", "v1.0.0")
    world.publish()
    world.withdraw(M, "v1.1.0")
    world.publish()
    names = "\n".join(world.files())
    assert "v1.1.0" not in names
    assert "bbbbbbb" not in names
    assert world.read(f"{M}/@v/list") == b"v1.0.0\n"
    assert b"v1.0.0" in world.read(f"{M}/@latest")
    assert world.read(f"{M}/sub/@v/list") == b"v1.0.0\n"


def test_a_module_of_which_nothing_is_left_vanishes(world: World) -> None:
    world.add(M, "v1.0.0")
    world.add(f"{M}/sub", "v1.0.0")
    world.publish()
    world.withdraw(M, "v1.0.0")
    report = world.publish()
    assert names(world.root / M) == ["sub"]
    assert report.modules == 1
    world.withdraw(f"{M}/sub", "v1.0.0")
    world.publish()
    assert not (world.root / "example.com").exists()
    assert not (world.root / f"sumdb/{NAME}/lookup").exists()


def test_removing_the_last_tag_leaves_the_pseudo_version(world: World) -> None:
    world.add(M, "v1.0.0", PSEUDO)
    world.publish()
    world.withdraw(M, "v1.0.0")
    world.publish()
    assert world.read(f"{M}/@v/list") == b""
    assert PSEUDO.encode() in world.read(f"{M}/@latest")


def test_a_tree_that_another_catalog_wrote_is_looked_at_whole(world: World) -> None:
    world.add(M, "v1.0.0")
    world.publish()
    world.tree = replace(world.tree, id="tree-2")
    assert world.publish().full


def test_a_tree_that_was_emptied_is_published_anew(world: World) -> None:
    world.add(M, "v1.0.0")
    world.publish()
    want = world.files()
    for file in sorted(world.root.rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    world.publish()
    assert world.files() == want


@pytest.mark.parametrize("lost", OWN_FILES)
def test_a_file_of_the_trees_own_that_was_removed_comes_back(
    world: World, lost: str
) -> None:
    """Nothing in the catalog changed, and only the names in three folders are read."""
    world.options = PublishOptions(
        modules_per_page=8,
        modules_per_index=16,
        pages=PageOptions(languages=("en", "zh")),
    )
    for number in range(40):
        world.add(f"a.example/m{number}", "v1.0.0")
    world.publish()
    assert world.publish().changes == 0
    want = world.files()
    found = sorted(world.root.glob(lost))
    assert found, "the tree has such a file"
    for file in found:
        shutil.rmtree(file) if file.is_dir() else file.unlink()
    assert world.publisher.is_behind(world.tree, options=world.options)
    report = world.publish()
    assert not report.full
    assert report.changed_modules == 0
    assert world.files() == want
    assert world.publish().changes == 0


def test_such_a_file_comes_back_where_changes_are_noted(world: World) -> None:
    world.add(M, "v1.0.0")
    noted = NotedTree(LocalTree(world.root), ChangeLog(world.store))
    world.tree = TreeTarget(noted, "tree-1")
    world.publish()
    (world.root / "index.html").unlink()
    world.publish()
    assert (world.root / "index.html").is_file()


def test_whatever_was_removed_comes_back_where_every_file_is_looked_at(
    world: World,
) -> None:
    world.add(M, "v1.0.0")
    world.publish()
    want = world.files()
    for name in ("list", "index.html", "v1.0.0.zip", "v1.0.0.mod"):
        (world.root / f"{M}/@v/{name}").unlink()
    assert world.publish().changes == 0, "nobody looks at a million files"
    world.options = PublishOptions(every_file=True)
    assert world.publisher.is_behind(world.tree, options=world.options)
    assert world.publish().full
    assert world.files() == want
    before = stats(world.root / M)
    world.publish()
    assert stats(world.root / M) == before


def test_other_page_options_rewrite_the_trees_page_alone(world: World) -> None:
    world.add(M, "v1.0.0")
    world.publish()
    before = stats(world.root / "example.com")
    world.options = PublishOptions(url="https://go.example")
    report = world.publish()
    assert stats(world.root / "example.com") == before
    assert report.written == 3  # the page, and the marker before and after
    assert b"GOPROXY=https://go.example" in world.read("index.html")
    assert world.publish().changes == 0


def test_without_a_database_there_is_no_sumdb_folder(world: World) -> None:
    world.add(M, "v1.0.0")
    world.publish()
    publisher = Publisher(world.catalog, world.blobs, clock=FixedClock())
    report = publisher.publish(world.tree, None)
    assert report.full
    assert [
        name for name in world.files() if "/tile/" not in name and "sumdb" in name
    ] == []
    assert publisher.wanted_tiles(world.tree, None) == []
    assert publisher.publish(world.tree, None).changes == 0


def test_an_empty_catalog_has_a_page(world: World) -> None:
    world.publish()
    assert b"Nothing is carried yet." in world.read("index.html")
    assert world.publish().changes == 0


def test_many_modules_are_spread_over_pages_that_shrink_again(world: World) -> None:
    world.options = PublishOptions(modules_per_page=2)
    for number in range(5):
        world.add(f"example.com/m{number}", "v1.0.0")
    world.publish()
    assert len(names(world.root / "modules")) > 1
    for number in range(1, 5):
        world.withdraw(f"example.com/m{number}", "v1.0.0")
    world.publish()
    assert names(world.root / "modules") == ["feed.atom", "search.js"]


def test_progress_is_told_of_phases_and_items(world: World) -> None:
    class Watcher(NoProgress):
        def __init__(self) -> None:
            self.phases: list[str] = []
            self.items = 0

        def phase(
            self, name: str, total: int | None = None, *, total_bytes: int | None = None
        ) -> None:
            self.phases.append(name)

        def advance(self, items: int = 1, *, size_bytes: int = 0) -> None:
            self.items += items

    world.add(M, "v1.0.0")
    head = world.head()
    world.fetch_tiles(head)
    watcher = Watcher()
    world.publisher.publish(world.tree, head, progress=watcher)
    assert watcher.phases == [
        *("publishing tiles", "publishing lookups"),
        *("publishing versions", "publishing lists"),
    ]
    assert watcher.items > 2


def test_a_tree_may_move_to_another_folder(world: World) -> None:
    world.add(M, "v1.0.0")
    world.publish()
    moved = world.folder / "elsewhere"
    world.root.rename(moved)
    world.tree = replace(world.tree, storage=LocalTree(moved))
    assert world.publish().changes == 0
