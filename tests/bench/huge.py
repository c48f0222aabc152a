"""The memory of a sync whose zip is huge: fetched, proven, stored and published."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from gosync.gomod.module import ModuleVersion
from tests.bench.corpus import MIB, MadeModule, make_huge_zip
from tests.bench.measure import GOSYNC, run, settle
from tests.bench.setting import Setting
from tests.bench.table import Row, within
from tests.bench.upstream import nginx, write_config, write_upstream

_LIMIT_MIB = 150


def huge_zip(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    mv = ModuleVersion("huge.example/data", "v1.0.0")
    go_mod = f"module {mv.path}\n".encode()
    data = make_huge_zip(mv, setting.sizes.huge_bytes)
    root = setting.room("huge-upstream")
    key = write_upstream(
        [MadeModule(mv, go_mod, data)], root, records=setting.sizes.records
    )
    peaks = []
    with nginx(root, setting.room("huge-nginx")) as (url, _):
        for number in range(setting.runs):
            folder = setting.room(f"huge-{number}")
            write_config(folder, url=url, sumdb=key, modules=[str(mv)])
            settle()
            cost = run((*GOSYNC, "sync", "--json"), cwd=folder)
            published = msgspec.json.decode(cost.output)["published"]
            assert published["blob_bytes"] > len(data)
            peaks.append(cost.peak_bytes / MIB)
    figure = f"zip of {round(len(data) / MIB)} MiB, peak memory"
    yield within(figure, peaks, limit=_LIMIT_MIB, unit="MiB")
