"""Several bundles of one run: what they share is packed once, and is the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gosync.bundle.make import parts
from gosync.bundle.make.create import create_bundle
from gosync.bundle.make.created import CreateOptions
from gosync.bundle.make.difference import travelling
from gosync.bundle.make.packedparts import PackedParts
from gosync.bundle.make.packers import PackedPart, Packers
from gosync.bundle.make.parts import module_parts
from gosync.bundle.make.selection import read_selection
from gosync.bundle.options import TargetSpec
from gosync.errors import NoSpaceError
from gosync.store.scratch import ScratchFolder
from tests.unit.bundle.outside import Outside, source

if TYPE_CHECKING:
    from gosync.bundle.make.parts import Part

PATHS = [f"example.com/m{number:02}" for number in range(60)]
_LIMIT_BYTES = 80_000  # of a part: some twelve modules of this size


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_LIMITS_BYTES", (_LIMIT_BYTES,))


@pytest.fixture
def packed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what is packed from now on, each module as often as it is."""
    found: list[str] = []
    usual = Packers.pack_all

    def pack_all(
        self: Packers, lacking: Sequence[Part], *, size_bytes: int
    ) -> Generator[PackedPart]:
        for part in lacking:
            if isinstance(part, tuple):
                found.extend(str(chosen.mv) for each in part for chosen in each.chosen)
        return usual(self, lacking, size_bytes=size_bytes)

    monkeypatch.setattr(Packers, "pack_all", pack_all)
    return found


def volume(outside: Outside, name: str, kept: PackedParts | None) -> str:
    """Make a target's next bundle; return the digest of its volume."""
    target = TargetSpec(name=name, volume_bytes=1 << 30)
    options = CreateOptions(target=target, out=outside.out)
    made = create_bundle(outside.site, options, packed=kept)
    assert made.path is not None
    assert made.proven is not None
    return hashlib.sha256((made.path / "vol-0001.zst").read_bytes()).hexdigest()


def fill(outside: Outside, paths: Sequence[str], version: str = "v1.0.0") -> None:
    for number, path in enumerate(paths):
        outside.add(path, version, source(number))
    outside.publish()


def test_targets_with_the_same_need_are_packed_for_once(
    tmp_path: Path, packed: list[str]
) -> None:
    with Outside(tmp_path / "outside") as outside:
        fill(outside, PATHS)
        alone = volume(outside, "alone", None)
        packed.clear()
        with PackedParts(outside.site.blobs) as kept:
            made = [volume(outside, f"site{n}", kept) for n in range(3)]
        assert made == [alone] * 3
        assert sorted(packed) == [f"{path}@v1.0.0" for path in PATHS]


def test_targets_that_differ_share_what_they_have_in_common(
    tmp_path: Path, packed: list[str]
) -> None:
    with Outside(tmp_path / "outside") as outside:
        fill(outside, PATHS[:1])
        volume(outside, "behind", None)
        fill(outside, PATHS[1:])
        alone = volume(outside, "alone", None)
        packed.clear()
        with PackedParts(outside.site.blobs) as kept:
            volume(outside, "behind", kept)
            assert volume(outside, "new", kept) == alone
        assert len(set(packed)) == len(PATHS) <= len(packed) < 1.5 * len(PATHS)


def test_parts_are_the_same_again_behind_a_difference(tmp_path: Path) -> None:
    with Outside(tmp_path / "outside") as outside:
        fill(outside, PATHS)
        chosen = read_selection(outside.site.catalog, None, with_pulled=False).chosen
        whole = module_parts(list(travelling(chosen, {}, ())))
        less = module_parts(list(travelling(chosen[1:], {}, ())))
        assert len(whole) > 4
        assert len(set(whole) - set(less)) <= 2


def test_where_there_is_no_room_bundles_are_made_all_the_same(
    tmp_path: Path, packed: list[str]
) -> None:
    class Full(ScratchFolder):
        def scratch_file(self, *, memory_bytes: int = 0) -> None:  # type: ignore[override]
            raise NoSpaceError(f"{memory_bytes}")

    with Outside(tmp_path / "outside") as outside:
        fill(outside, PATHS[:2])
        with PackedParts(Full(tmp_path)) as kept:
            assert volume(outside, "one", kept) == volume(outside, "two", kept)
        assert len(packed) == 4
