"""What Dask adds to a sweep: a store verified by one worker and by two, and one step.

The store is of zips whose contents are nowhere twice, so that each byte is inflated and
hashed. To deflate them anew would take longer than all runs together: a file is a
number of its own and one of some texts, deflated beforehand. Timed is the verify
itself, from its begin to its end as it says: what it takes to start workers does not
grow with the store. Runs with one and with two alternate, over a store that the page
cache has where there is memory for it; two pairs of them.
"""

from __future__ import annotations

import hashlib
import random
import time
import zipfile
import zlib
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gosync.catalog.versions import Need, Proof, VersionRow
from gosync.clock import parse_time
from gosync.config import load_config
from gosync.gomod.dirhash import hash1, hash_go_mod
from gosync.gomod.info import VersionInfo, format_info
from gosync.gomod.module import ModuleVersion
from gosync.ingest.entries import version_entry
from gosync.scale.options import SchedulerAddress, SweepTls
from gosync.scale.sweep import DaskSweep, open_sweep
from gosync.site.opening import Opening
from gosync.site.site import Site, open_site
from gosync.work.sweep import sweep_in_order
from tests.bench.corpus import KIB, MIB, Piece, join_zip
from tests.bench.measure import GOSYNC, run, settle
from tests.bench.setting import Setting
from tests.bench.table import Row, faster, within
from tests.simulator.simulator import record_text
from tests.sweepsteps import nothing

_ZIP_BYTES = 10 * MIB
_FILE_BYTES = 256 * KIB  # deflated to three fourths
_TEXTS = 32
_MOST_PAIRS = 2
_STEPS = 500
_STEP_LIMIT_MS = 5


def share_verify(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    folder = setting.room("sweep")
    (folder / "gosync.toml").write_text(
        '[store]\npath = "var"\nmin_free = "1MiB"\n[upstream]\nsumdb = "off"\n'
    )
    count = max(2, setting.sizes.swept_bytes // _ZIP_BYTES)
    zip_bytes = min(_ZIP_BYTES, setting.sizes.swept_bytes // count)
    _fill(folder, count, zip_bytes)
    pairs = []
    settle()
    for _ in range(min(setting.runs, _MOST_PAIRS)):
        one, two = _verify(folder, 1), _verify(folder, 2)
        pairs.append((two, one))
    size = f"{count * zip_bytes / 1e9:.1f} GB"
    yield faster(f"verify {size} with 2 Dask workers", pairs, peer="with 1", target=1.6)
    with open_sweep(SchedulerAddress(workers=2), SweepTls()) as sweep:
        list(sweep_in_order(sweep, nothing, range(50)))
        each = [_step_ms(sweep) for _ in range(2 * setting.runs - 1)]
    yield within("one step on 2 Dask workers", each, limit=_STEP_LIMIT_MS, unit="ms")


def _step_ms(sweep: DaskSweep) -> float:
    begun = time.perf_counter()
    assert sum(1 for _ in sweep_in_order(sweep, nothing, range(_STEPS))) == _STEPS
    return 1000 * (time.perf_counter() - begun) / _STEPS


def _verify(folder: Path, workers: int) -> float:
    line = ("verify", "--fresh", "--offline", "--scheduler", f"local:{workers}")
    done = run((*GOSYNC, *line, "--json", "--no-progress"), cwd=folder)
    told = msgspec.json.decode(done.output)
    return (parse_time(told["ended_at"]) - parse_time(told["begun_at"])).total_seconds()


class _Texts:
    """Files of zips: a number that is told once, then one of some texts."""

    def __init__(self) -> None:
        dice = random.Random(1)
        # Four characters of three bytes deflate to three bytes again.
        self._texts = [b64encode(dice.randbytes(_FILE_BYTES)) for _ in range(_TEXTS)]
        self._deflated = [_deflate(text, zlib.Z_FINISH) for text in self._texts]
        self._told = 0

    def piece(self, name: str) -> tuple[Piece, str]:
        """Return a file that is nowhere else, and its SHA-256."""
        self._told += 1
        head = f"{self._told:016x}\n".encode()
        text = self._texts[self._told % _TEXTS]
        size_bytes = len(head) + len(text)
        crc = zlib.crc32(text, zlib.crc32(head))
        # Blocks of deflate that end with a byte go before any others.
        data = _deflate(head, zlib.Z_FULL_FLUSH) + self._deflated[self._told % _TEXTS]
        digest = hashlib.sha256(head)
        digest.update(text)
        return Piece(
            name, size_bytes, crc, zipfile.ZIP_DEFLATED, data
        ), digest.hexdigest()


def _deflate(data: bytes, end: int) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush(end)


def _fill(folder: Path, count: int, zip_bytes: int) -> None:
    """Put module versions into the store."""
    options = load_config(folder / "gosync.toml", {}).site_options()
    texts = _Texts()
    with open_site(options, command="bench", opening=Opening()) as site:
        rows = [_admit(site, texts, number, zip_bytes) for number in range(count)]
        site.blobs.sync()
        with site.writing():
            site.journal.append(map(version_entry, rows))
            site.catalog.versions.admit(rows)


def _admit(site: Site, texts: _Texts, number: int, zip_bytes: int) -> VersionRow:
    mv = ModuleVersion(f"swept.example/m{number}", "v1.0.0")
    mod = f"module {mv.path}\n".encode()
    files = [(Piece.of("go.mod", mod), hashlib.sha256(mod).hexdigest())]
    while sum(len(piece.data) for piece, _ in files) < zip_bytes:
        files.append(texts.piece(f"data{len(files):04}.txt"))
    pieces = [piece for piece, _ in files]
    h1 = hash1((f"{mv}/{piece.name}".encode(), digest) for piece, digest in files)
    zipped = join_zip(f"{mv}/", pieces)
    info = format_info(VersionInfo(mv.version, None))
    put = site.blobs.put_bytes
    return VersionRow(
        mv.path,
        mv.version,
        selected=Need.ZIP,
        info_digest=put(info),
        info_bytes=len(info),
        mod_digest=put(mod),
        mod_bytes=len(mod),
        mod_h1=hash_go_mod(mod),
        zip_digest=put(zipped),
        zip_bytes=len(zipped),
        zip_h1=h1,
        proof=Proof.SUMDB,
        record_id=number,
        record_text=record_text(mv, zip_h1=h1, mod_h1=hash_go_mod(mod)),
    )
