"""Bundles for many sites made by one command, beside one bundle.

Half of the sites have nothing yet, half have all but a fifth of the modules: of each
of these every module travels whole. Told are the processor time of one command for all
of them, times that of a bundle for one site that has nothing, and beside it that of a
command for each.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench.bundling import admit, one_version, source_files
from tests.bench.measure import GOSYNC, Cost, run, settle
from tests.bench.setting import Setting
from tests.bench.table import Row, beside, within
from tests.unit.bundle.outside import Outside

_SITES = 8
_TIMES = 3.0  # one is packed; each of the others is written, read back and proven
_BEFORE = 0.8


def share_packing(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    sizes = setting.sizes
    files = source_files()[: sizes.bundled_files]
    new = one_version(random.Random(5), files, sizes.bundled_modules).new
    room = setting.room("manytargets")
    empty = [f"empty{number}" for number in range(_SITES)]
    behind = [f"behind{number}" for number in range(_SITES)]
    held = round(len(new) * _BEFORE)
    with Outside(room, records=sizes.records) as outside:
        _write_config(outside, ["alone", *empty, *behind])
        admit(outside, new[:held])
        _create(room, behind)
        admit(outside, new[held:])
    settle()
    one = _create(room, ["alone"])
    half = _SITES // 2
    together = _create(room, [*empty[:half], *behind[:half]])
    apart = [_create(room, [name]) for name in (*empty[half:], *behind[half:])]
    figure = f"{_SITES} bundles of {len(new)} modules by one command: CPU"
    times = [together.cpu_seconds / one.cpu_seconds]
    yield within(f"{figure}, times one", times, limit=_TIMES, unit="times")
    seconds = sum(cost.cpu_seconds for cost in apart)
    yield beside(figure, together.cpu_seconds, seconds, unit="s", peer="one by one")


def _write_config(outside: Outside, names: Sequence[str]) -> None:
    upstream = f'[upstream]\nproxies = "off"\nsumdb = "{outside.log.verifier_key}"\n'
    targets = [f'[[target]]\nname = "{name}"\nbase = "sealed"\n' for name in names]
    (outside.folder / "gosync.toml").write_text("".join([upstream, *targets]))


def _create(room: Path, names: Sequence[str]) -> Cost:
    return run((*GOSYNC, "bundle", "create", "--out", "media", *names), cwd=room)
