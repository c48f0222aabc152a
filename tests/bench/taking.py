"""How quickly a bundle is taken in, beside ``gosync verify`` of the same zips.

Verify proves the store that the bundle was made of, where it lies: every zip is read,
and its digest and its h1 are computed. It writes no zip, as an import must.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from gosync.bundle.format.names import HEADER_NAME
from gosync.signing.keys import KeyKind, format_public_key, generate_key
from tests.bench.measure import GOSYNC, run, settle
from tests.bench.table import Row, faster, within

_SLOWEST = 3


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
    # Each in a new folder: a disk is slow to give out what was just removed.
    insides = [room / f"inside{number}" for number in range(runs)]
    peer = (*GOSYNC, "verify", "--offline")
    pairs, peaks = [], []
    for inside in insides:
        _make_inside(inside, bundle, key)
        settle()
        ours = run((*GOSYNC, "bundle", "import", bundle), cwd=inside)
        settle()
        pairs.append((ours.wall_seconds, run(peer, cwd=room).wall_seconds))
        peaks.append(ours.peak_bytes / 1e6)
    for inside in insides:
        shutil.rmtree(inside)
    target = 1 / _SLOWEST
    figure = f"bundle import, {name}"
    yield faster(figure, pairs, peer="gosync verify", target=target)
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
