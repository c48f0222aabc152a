"""What a pass costs that finds nothing new, in CPU time beyond start-up.

With an index no list is due: one request. With ``--refresh`` all are due: one small
request each. Start-up is what ``gosync sync --help`` takes, measured between: the
interpreter and what the verb imports. How long it is, the figure's name says.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median

import msgspec

from gosync.gomod.module import ModuleVersion
from tests.bench.corpus import MadeModule, Piece, join_zip
from tests.bench.measure import GOSYNC, run
from tests.bench.setting import Setting
from tests.bench.table import Row, within
from tests.bench.upstream import nginx, write_config, write_upstream


def idle_pass(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    count = setting.sizes.tracked
    root = setting.room("idle-upstream")
    made = [_small_module(number) for number in range(count)]
    key = write_upstream(made, root, records=setting.sizes.records, index=True)
    folder = setting.room("idle")
    with nginx(root, setting.room("idle-nginx")) as (url, _):
        write_config(
            folder,
            url=url,
            sumdb=key,
            index=f"{url}/index",
            modules=[module.mv.path for module in made],
        )
        run((*GOSYNC, "sync", "--no-progress"), cwd=folder)
        runs = [_one_run(folder, count) for _ in range(setting.runs)]
    start = median(start for start, _, _ in runs)
    of = f"of {count} tracked"
    also = f"beyond {start:.2f} s of start-up"
    none = [cpu - start for _, cpu, _ in runs]
    figure = f"pass with nothing new, 0 {of} due, {also}"
    yield within(figure, none, limit=0.3, unit="s CPU")
    every = [cpu - start for _, _, cpu in runs]
    figure = f"pass with nothing new, all {of} due, {also}"
    yield within(figure, every, limit=3, unit="s CPU")


def _one_run(folder: Path, count: int) -> tuple[float, float, float]:
    start = run((*GOSYNC, "sync", "--help"), cwd=folder).cpu_seconds
    return start, _pass(folder, lists=0), _pass(folder, "--refresh", lists=count)


def _pass(folder: Path, *options: str, lists: int) -> float:
    cost = run((*GOSYNC, "sync", "--json", *options), cwd=folder)
    report = msgspec.json.decode(cost.output)
    assert report["versions_found"] == report["versions_admitted"] == 0, report
    assert report["modules_listed"] == lists, report
    assert report["requests"] == 1 + lists, report
    return cost.cpu_seconds


def _small_module(number: int) -> MadeModule:
    mv = ModuleVersion(f"idle.example/org{number % 31}/mod{number:04d}", "v1.0.0")
    go_mod = f"module {mv.path}\n".encode()
    pieces = [Piece.of("go.mod", go_mod), Piece.of("a.go", b"package a\n")]
    return MadeModule(mv, go_mod, join_zip(f"{mv}/", pieces))
