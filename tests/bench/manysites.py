"""One store outside and many sites: what it costs to know whose bundle is due.

200 targets have each been sent 100 000 versions; of each twentieth the last ten are
not known to have arrived. What is measured is what the job ``bundle`` asks for each
target before it makes anything, in a process of its own, and what a target's state
takes in the catalog::

    python -m tests.bench.manysites CONFIG
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import msgspec

from gosync.bundle.make.news import TargetNews
from gosync.catalog.bundles import BundleKind
from gosync.catalog.db import Catalog
from gosync.catalog.versions import Need
from gosync.config import load_config
from gosync.gomod.module import ModuleVersion
from gosync.site.site import open_site
from tests.bench.corpus import MIB
from tests.bench.measure import run, settle
from tests.bench.setting import Setting
from tests.bench.slopesite import SlopeSite
from tests.bench.table import Row, within

_LIMIT_SECONDS = 60
_LIMIT_KIB = 1024
_STATES = 20  # of targets, that differ
_BEHIND = 10  # versions
_NOW = datetime(2026, 11, 27, tzinfo=UTC)


def many_sites(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    folder = setting.room("manysites")
    count, targets = setting.sizes.held, setting.sizes.targets
    site = SlopeSite(folder)
    site.fill(count, index="http://127.0.0.1:9/index")
    site.close()
    file = folder / "store/catalog.sqlite"
    before = file.stat().st_size
    _send(file, targets)
    size = (file.stat().st_size - before) / targets / 1024
    settle()
    command = (sys.executable, "-m", "tests.bench.manysites", folder / "gosync.toml")
    costs = [run(command, cwd=folder) for _ in range(setting.runs)]
    said = [msgspec.json.decode(cost.output) for cost in costs]
    due = sum(number % _STATES != 0 for number in range(targets))
    assert all(each["due"] == due for each in said), said
    of = f"{targets} targets of {count} versions"
    seconds = [each["seconds"] for each in said]
    yield within(f"planning {of}", seconds, limit=_LIMIT_SECONDS, unit="s")
    peaks = [cost.peak_bytes / MIB for cost in costs]
    yield within(f"planning {of}: memory", peaks, limit=600, unit="MiB")
    figure = f"{of}: state of one in the catalog"
    yield within(figure, [max(size, 0.001)], limit=_LIMIT_KIB, unit="KiB")


def _send(file: Path, targets: int) -> None:
    """Write what bundles to these targets would have left in the ledger."""
    with Catalog.open(file, create=False) as catalog:
        rows = [row.mv for row in catalog.versions.all_rows()]
        for number in range(targets):
            left_out = frozenset(rows[: _BEHIND * (number % _STATES)])
            _acknowledged(catalog, f"site{number:03d}", rows, left_out)


def _acknowledged(
    catalog: Catalog,
    target: str,
    versions: list[ModuleVersion],
    left_out: frozenset[ModuleVersion],
) -> None:
    row = catalog.bundles.plan(
        target, kind=BundleKind.FULL, base_sequence=None, after=0, now=_NOW
    )
    identity = sha256(target.encode()).hexdigest()
    catalog.bundles.write(row, identity, tree_size=None)
    holds = ((mv, Need.ZIP) for mv in versions if mv not in left_out)
    catalog.bundles.ack(catalog.bundles.seal(row, holds, now=_NOW), now=_NOW)


def _plan(config_file: Path) -> dict[str, float]:
    options = load_config(config_file, {}).site_options()
    with open_site(options, command="bench") as site:
        targets = {row.target for row in site.catalog.bundles.all()}
        begun = time.perf_counter()
        news = TargetNews(site)
        due = sum(map(news.has_changed, sorted(targets)))
        return {"due": due, "seconds": time.perf_counter() - begun}


if __name__ == "__main__":
    print(msgspec.json.encode(_plan(Path(sys.argv[1]))).decode())
