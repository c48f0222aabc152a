"""What does not go well, and what is not ours: nothing is lost, nobody is lied to."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from gosync.errors import BlobMissingError, NoSpaceError, StoreError
from gosync.store.digest import digest_of
from tests.unit.publish.invariants import check_lists, check_lookups
from tests.unit.publish.world import NAME, World, stats

M = "example.com/m"


def test_the_operators_own_files_stay(world: World) -> None:
    world.add(M, "v1.0.0")
    world.publish()
    own = ["robots.txt", "extra/page.html", f"{M}/@v/README", f"{M}/notes.txt"]
    for name in own:
        (world.root / name).parent.mkdir(exist_ok=True)
        (world.root / name).write_text("mine")
    (world.root / ".gosync/tree.json").write_bytes(b"")
    world.withdraw(M, "v1.0.0")
    assert world.publish().full
    assert {name for name in own if (world.root / name).exists()} == set(own)
    assert not (world.root / f"{M}/@v/v1.0.0.zip").exists()


def test_what_names_no_version_goes_at_a_whole_publish(world: World) -> None:
    world.add(M, "v1.0.0")
    world.publish()
    want = world.files()
    planted = [
        "example.com/old/@v/list",
        "example.com/old/@latest",
        f"{M}/@v/9999999.info",
        f"sumdb/{NAME}/lookup/{M}@v9.9.9",
        "sumdb/old.example/supported",
        "sumdb/old.example/lookup/example.com/old@v1.0.0",
        "modules/7/index.html",
    ]
    for name in planted:
        (world.root / name).parent.mkdir(parents=True, exist_ok=True)
        (world.root / name).write_text("old")
    (world.root / ".gosync/tree.json").write_bytes(b"{}")
    assert world.publish().full
    assert world.files().keys() == want.keys()


def test_a_folder_of_somebody_elses_is_refused_and_left_alone(world: World) -> None:
    world.add(M, "v1.0.0")
    world.root.mkdir()
    (world.root / "index.html").write_text("my home page")
    before = stats(world.root)
    with pytest.raises(StoreError, match="not empty and no tree"):
        world.publish()
    assert stats(world.root) == before


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"\xff", b'{"format":99}', b'{"complete":"yes"}', b"null"],
)
def test_an_unreadable_marker_leads_to_a_whole_publish(
    world: World, data: bytes
) -> None:
    world.add(M, "v1.0.0")
    world.publish()
    want = world.files()
    (world.root / ".gosync/tree.json").write_bytes(data)
    assert world.publish().full
    assert world.files() == want


def test_what_has_no_place_is_reported_and_the_rest_is_published(world: World) -> None:
    world.add(M, "v1.0.0", "v1.1.0-" + "a" * 250)
    world.add("index.html/m", "v1.0.0")
    world.add("example.com/" + "A" * 200, "v1.0.0")
    report = world.publish()
    assert world.read(f"{M}/@v/list") == b"v1.0.0\n"
    assert sorted(name[:20] for name, _ in report.refused) == [
        "example.com/AAAAAAAA",
        "example.com/m@v1.1.0",
        "index.html/m",
    ]
    assert (world.root / "index.html").is_file()
    assert world.publish().changes == 0


def test_a_missing_blob_is_said_by_name_and_no_list_names_it(world: World) -> None:
    world.add(M, "v1.0.0")
    world.publish()
    world.add(M, "v1.1.0", zip_data=b"lost")
    world.blobs.path(digest_of(b"lost")).unlink()
    with pytest.raises(BlobMissingError, match=r"v1\.1\.0\.zip"):
        world.publish()
    assert world.read(f"{M}/@v/list") == b"v1.0.0\n"
    check_lists(world.root)


def test_a_full_disk_is_said_so_and_the_next_run_converges(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add(M, "v1.0.0")

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", full)
        with pytest.raises(NoSpaceError):
            world.publish()
    world.publish()
    assert check_lists(world.root) == 1
    assert check_lookups(world.root, NAME) == 1


def test_every_file_stays_inside_the_tree(world: World, tmp_path: Path) -> None:
    world.add(M, "v1.0.0")
    outside = {p for p in tmp_path.rglob("*") if world.root not in (p, *p.parents)}
    world.publish()
    now = {p for p in tmp_path.rglob("*") if world.root not in (p, *p.parents)}
    assert {p for p in now - outside if "/tile/" not in str(p) and p.is_file()} == set()
