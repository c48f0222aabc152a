"""What it costs to list a store: 100 000 versions, as a table in a pipe and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from gosync.catalog.versions import Need, Proof, VersionRow
from tests.bench.corpus import MIB
from tests.bench.measure import GOSYNC, Cost, run
from tests.bench.setting import Setting
from tests.bench.table import Row, within
from tests.smallsite import make_small_site

_VERSIONS_EACH = 50


def list_store(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    folder = setting.room("list")
    count = setting.sizes.listed
    with make_small_site(folder, "listed.example/org0/module0") as catalog:
        catalog.versions.admit(map(_row, range(count)))
    for form, options in (("table", ()), ("JSON", ("--json",))):
        costs = [
            run((*GOSYNC, "list", *options), cwd=folder) for _ in range(setting.runs)
        ]
        yield from _rows(f"list of {count} versions as {form}", costs, count)


def _rows(figure: str, costs: list[Cost], count: int) -> Iterator[Row]:
    assert all(cost.output.count(b"listed.example/") >= count for cost in costs)
    walls = [cost.wall_seconds for cost in costs]
    yield within(figure, walls, limit=2, unit="s")
    peaks = [cost.peak_bytes / MIB for cost in costs]
    yield within(f"{figure}: memory", peaks, limit=150, unit="MiB")


def _row(number: int) -> VersionRow:
    module, minor = divmod(number, _VERSIONS_EACH)
    info, mod, zipped, commit = (
        sha256(f"{number} {part}".encode()).hexdigest() for part in range(4)
    )
    return VersionRow(
        f"listed.example/org{module // 20}/module{module}",
        f"v1.{minor}.0",
        selected=Need.ZIP,
        info_digest=info,
        info_bytes=100,
        mod_digest=mod,
        mod_bytes=300,
        mod_h1=f"h1:{mod[:43]}=",
        zip_digest=zipped,
        zip_bytes=1_000 + 70 * number,
        zip_h1=f"h1:{zipped[:43]}=",
        proof=Proof.SUMDB,
        record_id=number,
        record_text=f"{info}{mod}{zipped}\n".encode(),
        source_url=f"https://proxy.example/module{module}/@v/v1.{minor}.0.zip",
        commit_hash=commit[:40],
        version_time="2026-01-01T00:00:00Z",
        admitted_at="2026-01-02T00:00:00Z",
    )
