"""The contract of waiting bundles' copies (gosync.bundle.take.copies), by sentences."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gosync.bundle.read.folder import BundleFolder
from gosync.errors import GosyncError, NoSpaceError, VolumeError
from gosync.work.progress import NoProgress
from tests.contract.storages import Storage
from tests.unit.bundle.outside import Outside, source


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A bundle of two volumes with a signature beside it."""
    with Outside(tmp_path_factory.mktemp("outside")) as outside:
        for number in range(3):
            outside.add(f"example.com/m{number}", "v1.0.0", source(number))
        outside.publish()
        folder = Path(outside.bundle(volume_bytes=4_000).name)
        (folder / "bundle.json.sig").write_bytes(b"signed")
        yield folder


@pytest.fixture
def bundle(made: Path, tmp_path: Path) -> BundleFolder:
    medium = tmp_path / "medium"
    shutil.copytree(made, medium)
    found = BundleFolder.open(medium)
    assert len(found.header.volumes) > 1
    assert found.signatures
    return found


def contents(bundle: BundleFolder) -> dict[str, bytes]:
    """Return all that a bundle has, proven by its header."""
    files = {file.name: b"".join(bundle.pieces(file)) for file in bundle.header.files}
    return {**files, "header": bundle.header_bytes, **bundle.signatures}


def test_a_copy_has_every_byte_and_needs_the_medium_no_more(
    storage: Storage, bundle: BundleFolder
) -> None:
    want = contents(bundle)
    copies = storage.copies()
    assert copies.ids() == []
    copies.keep(bundle, NoProgress())
    shutil.rmtree(bundle.name)

    copy = storage.copies().open(bundle.id)
    copy.check_names()
    assert contents(copy) == want
    assert storage.copies().ids() == [bundle.id]


def test_a_kept_copy_outlives_a_power_cut(
    storage: Storage, bundle: BundleFolder
) -> None:
    want = contents(bundle)
    storage.copies().keep(bundle, NoProgress())
    storage.cut_power()
    assert contents(storage.copies().open(bundle.id)) == want


def test_what_a_medium_garbles_is_no_copy(
    storage: Storage, bundle: BundleFolder
) -> None:
    volume = Path(bundle.name) / bundle.header.volumes[-1].name
    data = volume.read_bytes()
    volume.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    copies = storage.copies()
    with pytest.raises(VolumeError):
        copies.keep(bundle, NoProgress())
    volume.unlink()
    with pytest.raises(VolumeError):
        copies.keep(bundle, NoProgress())
    assert storage.copies().ids() == []


def test_without_room_nothing_is_half_there(
    storage: Storage, bundle: BundleFolder
) -> None:
    copies = storage.copies()
    storage.full(yes=True)
    with pytest.raises(NoSpaceError):
        copies.keep(bundle, NoProgress())
    storage.full(yes=False)
    assert (copies.ids(), copies.sweep()) == ([], 0)
    copies.keep(bundle, NoProgress())
    assert copies.ids() == [bundle.id]


def test_what_a_killed_run_left_is_not_listed_and_swept(
    storage: Storage, bundle: BundleFolder
) -> None:
    copies = storage.copies()
    copies.keep(bundle, NoProgress())
    storage.tear_copy()
    assert copies.ids() == [bundle.id]
    assert (copies.sweep(), copies.sweep()) == (1, 0)
    assert contents(copies.open(bundle.id))


def test_a_damaged_copy_is_seen_and_replaced(
    storage: Storage, bundle: BundleFolder
) -> None:
    copies = storage.copies()
    copies.keep(bundle, NoProgress())
    for name in (bundle.header.manifest.name, "bundle.json"):
        storage.shorten_copy(bundle.id, name)
        with pytest.raises(GosyncError) as refused:
            copies.open(bundle.id)
        assert isinstance(refused.value, VolumeError) or name == "bundle.json"
    copies.keep(bundle, NoProgress())
    assert contents(copies.open(bundle.id)) == contents(bundle)


def test_a_copy_under_another_id_is_none(
    storage: Storage, bundle: BundleFolder
) -> None:
    with pytest.raises(VolumeError):
        storage.copies().open("0" * 64)
    storage.copies().keep(bundle, NoProgress())
    storage.swap_copy(bundle.id, "0" * 64)
    with pytest.raises(VolumeError, match="another bundle"):
        storage.copies().open("0" * 64)


def test_to_remove_a_copy_twice_is_to_remove_it(
    storage: Storage, bundle: BundleFolder
) -> None:
    copies = storage.copies()
    copies.keep(bundle, NoProgress())
    for _ in range(2):
        copies.remove(bundle.id)
        assert copies.ids() == []
