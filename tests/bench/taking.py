"""How quickly a bundle is taken in, beside proving the same zips where they lie.

Run as a command it is the peer: every zip of a store is read, its digest and its h1
computed, on two threads. It writes nothing, as an import must.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gosync.bundle.format import HEADER_NAME
from gosync.catalog.db import Catalog
from gosync.catalog.versions import VersionRow
from gosync.gomod.dirhash import scan_zip
from gosync.gomod.module import ModuleVersion
from gosync.gomod.seen import SeenEntries
from gosync.signing.keys import KeyKind, format_public_key, generate_key
from gosync.store.blobs import BlobReader, BlobStore
from gosync.store.digest import Digest
from gosync.store.layout import CATALOG
from tests.bench.measure import GOSYNC, run, settle
from tests.bench.table import Row, faster, within

_SLOWEST = 3
_PIECE_BYTES = 1 << 20


def import_rows(
    room: Path, bundle: Path, key: str, *, name: str, runs: int, limit_bytes: int
) -> Iterator[Row]:
    """Yield how long imports of a bundle take, and how much memory.

    Args:
        room: The folder of the site that made it; its store is ``var``.
        bundle: The bundle; it is signed here.
        key: The checksum database's.
        name: What is in it.
        runs: How often to do it.
        limit_bytes: The most memory that it may take.
    """
    inside = room / "inside"
    peer = (sys.executable, "-m", "tests.bench.taking", str(room / "var"))
    pairs, peaks = [], []
    for _ in range(runs):
        shutil.rmtree(inside, ignore_errors=True)
        _make_inside(inside, bundle, key)
        settle()
        ours = run((*GOSYNC, "bundle", "import", bundle), cwd=inside)
        settle()
        pairs.append((ours.wall_seconds, run(peer, cwd=room).wall_seconds))
        peaks.append(ours.peak_bytes / 1e6)
    shutil.rmtree(inside)
    target = 1 / _SLOWEST
    figure = f"bundle import, {name}"
    yield faster(figure, pairs, peer="proving the same zips", target=target)
    yield within(f"memory, import, {name}", peaks, limit=limit_bytes / 1e6, unit="MB")


def _make_inside(folder: Path, bundle: Path, key: str) -> None:
    """Make a site that trusts whoever signs the bundle now."""
    folder.mkdir()
    packer = generate_key(KeyKind.ED25519)
    header = (bundle / HEADER_NAME).read_bytes()
    (bundle / f"{HEADER_NAME}.sig").write_bytes(packer.sign(header))
    public = format_public_key(packer.public()).strip()
    (folder / "trust.toml").write_text(f'[[key]]\nname = "k"\npublic = "{public}"\n')
    upstream = f'[upstream]\nproxies = "off"\nsumdb = "{key}"\n'
    (folder / "gosync.toml").write_text(upstream)


def _prove_zips(root: Path) -> None:
    blobs, seen = BlobStore(root), SeenEntries()

    def prove(row: VersionRow) -> None:
        with blobs.open(Digest(row.zip_digest or "")) as blob:
            assert _digest_of(blob) == row.zip_digest
            mv = ModuleVersion(row.path, row.version)
            scan = scan_zip(blob.read_at, blob.size_bytes, mv, seen=seen)
        assert scan.h1 == row.zip_h1

    with Catalog.open(root / CATALOG, create=False, readonly=True) as catalog:
        rows = [row for row in catalog.versions.all_rows() if row.zip_digest]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(prove, rows))


def _digest_of(blob: BlobReader) -> str:
    digest = hashlib.sha256()
    for offset in range(0, blob.size_bytes, _PIECE_BYTES):
        digest.update(blob.read_at(offset, _PIECE_BYTES))
    return digest.hexdigest()


if __name__ == "__main__":
    _prove_zips(Path(sys.argv[1]))
