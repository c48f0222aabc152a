"""What planning the repair of a large store costs: 400 000 rows, 10 000 lost blobs."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator

from gosync.catalog.versions import Need, Proof, VersionRow
from gosync.gomod.module import ModuleVersion
from gosync.store.digest import Digest
from gosync.store.layout import blob_path
from gosync.verify.act.plan import Action
from gosync.verify.ownstore.plan import plan_store
from gosync.verify.verdicts import CacheFinding, Fix, Verdict
from tests.bench.setting import Setting
from tests.bench.table import Row, within

_LOST_OF = 40  # every so many-th version lost its zip


def plan_store_repair(setting: Setting) -> Iterator[Row]:
    """Measure it, in CPU time of this process."""
    rows = {ModuleVersion(row.path, row.version): row for row in _rows(setting)}
    lost = [_lost(row) for row in list(rows.values())[::_LOST_OF]]
    seconds = []
    for _ in range(setting.runs):
        begin = time.process_time()
        plan = plan_store(rows.values(), (), lost, Action.REPAIR, can_ask_log=True)
        seconds.append(time.process_time() - begin)
        assert len(plan.versions) == len(lost)
    of = f"{len(rows)} rows, {len(lost)} lost blobs"
    yield within(f"plan of a store's repair: {of}", seconds, limit=5, unit="s")


def _rows(setting: Setting) -> Iterator[VersionRow]:
    """Yield what the catalog of a large store carries."""
    for number in range(setting.sizes.store_rows):
        path, version = f"plan.example/m{number // 20}", f"v1.{number % 20}.0"
        yield VersionRow(
            path=path,
            version=version,
            info_digest=_digest(f"{path}@{version}.info"),
            mod_digest=_digest(f"{path}@{version}.mod"),
            zip_digest=_digest(f"{path}@{version}.zip"),
            need=Need.ZIP,
            proof=Proof.SUMDB,
        )


def _digest(name: str) -> Digest:
    return Digest(hashlib.sha256(name.encode()).hexdigest())


def _lost(row: VersionRow) -> CacheFinding:
    assert row.zip_digest is not None
    return CacheFinding(
        verdict=Verdict.INCOMPLETE,
        path=blob_path(Digest(row.zip_digest)),
        mv=ModuleVersion(row.path, row.version),
        reason="missing",
        fix=Fix.FETCH,
    )
