"""What Dask adds to a sweep: a store verified by one worker and by two, and one step.

The store is of zips whose contents are nowhere twice, so that each byte is inflated and
hashed. Timed is the verify itself, from its begin to its end as it says: what it takes
to start workers does not grow with the store. Runs with one and with two alternate.
"""

from __future__ import annotations

import random
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gosync.catalog.versions import Need, Proof, VersionRow
from gosync.clock import parse_time
from gosync.config import load_config
from gosync.gomod.dirhash import hash_go_mod, hash_zip
from gosync.gomod.info import VersionInfo, format_info
from gosync.gomod.module import ModuleVersion
from gosync.ingest.entries import version_entry
from gosync.scale.options import SchedulerAddress, SweepTls
from gosync.scale.sweep import DaskSweep, open_sweep
from gosync.site.opening import Opening
from gosync.site.site import Site, open_site
from gosync.work.sweep import sweep_in_order
from tests.bench.corpus import KIB, MIB, Piece, join_zip
from tests.bench.measure import GOSYNC, run
from tests.bench.setting import Setting
from tests.bench.table import Row, faster, within
from tests.simulator.simulator import record_text
from tests.sweepsteps import nothing

_ZIP_BYTES = 10 * MIB
_FILE_BYTES = 256 * KIB
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
    for _ in range(setting.runs):
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


def _fill(folder: Path, count: int, zip_bytes: int) -> None:
    """Put module versions into the store."""
    options = load_config(folder / "gosync.toml", {}).site_options()
    dice = random.Random(1)
    with open_site(options, command="bench", opening=Opening()) as site:
        rows = [_admit(site, dice, number, zip_bytes) for number in range(count)]
        site.blobs.sync()
        with site.writing():
            site.journal.append(map(version_entry, rows))
            site.catalog.versions.admit(rows)


def _admit(site: Site, dice: random.Random, number: int, zip_bytes: int) -> VersionRow:
    mv = ModuleVersion(f"swept.example/m{number}", "v1.0.0")
    mod = f"module {mv.path}\n".encode()
    pieces = [Piece.of("go.mod", mod)]
    while (left := zip_bytes - sum(len(piece.data) for piece in pieces)) > 0:
        # Four characters of three bytes deflate to three bytes again.
        text = b64encode(dice.randbytes(min(left, _FILE_BYTES)))
        pieces.append(Piece.of(f"data{len(pieces):04}.txt", text))
    zipped = join_zip(f"{mv}/", pieces)
    h1 = hash_zip(lambda start, size: zipped[start : start + size], len(zipped))
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
