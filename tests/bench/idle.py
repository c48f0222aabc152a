"""What a pass costs that finds nothing new, in CPU time beyond start-up.

With an index no list is due: one request. With ``--refresh`` all are due: one small
request each. A third of them again are selected with what they import, four zips for
each that is named. Start-up is what ``gosync sync --help`` takes, measured between: the
interpreter and what the verb imports. How long it is, the figure's name says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import msgspec

from gosync.gomod.module import ModuleVersion
from tests.bench.corpus import MadeModule, Piece, join_zip
from tests.bench.measure import GOSYNC, run
from tests.bench.setting import Setting
from tests.bench.table import Row, within
from tests.bench.upstream import nginx, write_config, write_upstream

_FAMILY = 5  # of so many modules the first imports the others


def idle_pass(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    count = setting.sizes.tracked
    made = [_small_module(number) for number in range(count)]
    with _synced(setting, "idle", made, range(count)) as folder:
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
    families = max(1, count * 3 // 2 // _FAMILY)
    yield from _with_imports(setting, families * _FAMILY)


def _with_imports(setting: Setting, count: int) -> Iterator[Row]:
    made = [
        _small_module(number, needs=number % _FAMILY == 0) for number in range(count)
    ]
    named = range(0, count, _FAMILY)
    with _synced(setting, "idle-deps", made, named, deps="build") as folder:
        runs = [
            (
                run((*GOSYNC, "sync", "--help"), cwd=folder).cpu_seconds,
                _pass(folder, lists=0),
            )
            for _ in range(setting.runs)
        ]
    figure = f"pass with nothing new, {count} zips by imports of {len(named)}"
    costs = [cpu - start for start, cpu in runs]
    yield within(f"{figure}, beyond start-up", costs, limit=0.3, unit="s CPU")


@contextmanager
def _synced(
    setting: Setting,
    name: str,
    made: Sequence[MadeModule],
    named: Iterable[int],
    deps: str = "none",
) -> Iterator[Path]:
    """Yield a site that has all of it, beside its upstream."""
    root, folder = setting.room(f"{name}-upstream"), setting.room(name)
    key = write_upstream(made, root, records=setting.sizes.records, index=True)
    with nginx(root, setting.room(f"{name}-nginx")) as (url, _):
        write_config(
            folder,
            url=url,
            sumdb=key,
            index=f"{url}/index",
            modules=[made[number].mv.path for number in named],
            deps=deps,
        )
        cost = run((*GOSYNC, "sync", "--no-progress", "--json"), cwd=folder)
        report = msgspec.json.decode(cost.output)
        assert report["versions_admitted"] == len(made), report
        yield folder


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


def _small_module(number: int, *, needs: bool = False) -> MadeModule:
    """Return a module; one that needs others imports those that follow it."""
    mv = ModuleVersion(_path(number), "v1.0.0")
    others = [_path(number + each) for each in range(1, _FAMILY)] if needs else []
    require = "".join(f"require {each} v1.0.0\n" for each in others)
    go_mod = f"module {mv.path}\n\ngo 1.21\n\n{require}".encode()
    imports = "".join(f'import _ "{each}"\n' for each in others)
    code = f"package a\n\n{imports}".encode()
    pieces = [Piece.of("go.mod", go_mod), Piece.of("a.go", code)]
    return MadeModule(mv, go_mod, join_zip(f"{mv}/", pieces))


def _path(number: int) -> str:
    return f"idle.example/org{number % 31}/mod{number:04d}"
