"""What of a bundle leads to its tree head: by itself, and beside a tree."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from gosync.bundle.read.folder import BundleFolder
from gosync.bundle.read.logproof import LogProof, prove_log
from gosync.bundle.read.treebase import TreeBase
from gosync.errors import MalformedError, RecordMismatchError, TileMismatchError
from gosync.store.scratch import ScratchFolder
from tests.smallsite import folder_of_tree
from tests.unit.bundle.outside import Outside, source
from tests.unit.bundle.read.liar import Liar

M = "example.com/m"
DEEP = 70_000  # records: three levels of tiles


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    """A site with a full bundle, and one with what is new in a log that grew."""
    with Outside(tmp_path_factory.mktemp("outside"), records=DEEP) as outside:
        outside.add(M, "v1.0.0", source(1))
        outside.log.grow(1000)
        outside.add(M, "v1.1.0", source(2))
        outside.publish()
        yield outside


@pytest.fixture(scope="module")
def full(outside: Outside) -> Path:
    return Path(outside.bundle().name)


@pytest.fixture(scope="module")
def increment(outside: Outside, full: Path) -> Path:
    assert full.is_dir()
    outside.log.grow(600)
    outside.add(M, "v1.2.0", source(3))
    outside.publish()
    return Path(outside.bundle().name)


@pytest.fixture
def liar(full: Path, tmp_path: Path) -> Liar:
    return Liar(Path(shutil.copytree(full, tmp_path / "medium")))


def prove(bundle: Path, tree: Path | None = None) -> LogProof:
    base = None if tree is None else TreeBase(tree)
    found = prove_log(
        BundleFolder.open(bundle), scratch=ScratchFolder(bundle.parent), base=base
    )
    assert found is not None
    return found


def test_a_full_bundle_leads_to_its_head_by_itself(full: Path):
    found = prove(full)
    assert (found.records, found.records_proven) == (2, 2)
    assert found.tiles_proven == found.tiles > 3


def test_of_an_increment_what_its_tiles_reach(outside: Outside, increment: Path):
    alone = prove(increment)
    assert alone.records == 1
    assert (alone.records_proven, alone.tiles_proven) == (0, 0), "the top came before"
    beside = prove(increment, folder_of_tree(outside.options))
    assert beside.records_proven == 1
    assert beside.tiles_proven == beside.tiles == alone.tiles


def test_no_tree_of_another_log_will_do(increment: Path, tmp_path: Path):
    with Outside(tmp_path / "other", records=0) as other:
        other.add(M, "v1.0.0", source(9))
        other.log.grow(DEEP + 2000)
        other.publish()
        with pytest.raises(TileMismatchError):
            prove(increment, folder_of_tree(other.options))


def test_a_tile_of_another_tree_is_found(liar: Liar):
    tiles = [s.holds for s in liar.manifest.segments].index("tiles")
    recipes, contents = liar.frames(tiles)
    liar.put(tiles, recipes, contents[:-1] + bytes([contents[-1] ^ 1]))
    with pytest.raises(TileMismatchError, match="not part of the tree"):
        prove(liar.medium)


@pytest.mark.parametrize(
    ("number", "error"),
    [(DEEP - 1, RecordMismatchError), (7, MalformedError), (DEEP * 2, MalformedError)],
)
def test_a_record_of_another_number_is_found(
    liar: Liar, number: int, error: type[Exception]
):
    first, *others = liar.manifest.versions
    lie = msgspec.structs.replace(first, record_id=number)
    liar.finish(msgspec.structs.replace(liar.manifest, versions=(lie, *others)))
    with pytest.raises(error):
        prove(liar.medium)
