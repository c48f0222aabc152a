"""Bundles of many real versions of few modules, and of few new ones.

Of the folder's modules those with the most releases are taken. A full bundle has the
newest releases of three; a next one has the newest of seven modules alone, for a site
that has those before. What repeats from version to version travels once, so the parts
depend on how many versions there are, and how far apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion
from gosync.gomod.semver import prerelease, version_key
from tests.bench.measure import GOSYNC, run
from tests.bench.realtree import listed_modules, write_real, zip_path
from tests.bench.setting import Setting
from tests.bench.table import Row, within
from tests.bench.upstream import nginx, write_config

_TARGET = '\n[[target]]\nname = "inside"\nbase = "sealed"\n'
_FEW, _VERSIONS = 3, 40
_NEXT, _BEFORE = 7, 3
_MANY_PART = 0.05  # of the zips' bytes
_NEXT_PART = 0.03


def real_increments(setting: Setting) -> Iterator[Row]:
    """Measure it; nothing where there is no folder of real modules."""
    if setting.real is None:
        return
    found = _releases(setting.real)
    many = [each[-_VERSIONS:] for each in found[:_FEW]]
    yield _many(setting, [mv for each in many for mv in each])
    following = [each[-_BEFORE - 1 :] for each in found[:_NEXT]]
    yield from _following(setting, following)


def _releases(folder: Path) -> list[list[ModuleVersion]]:
    """Return releases whose files are all there, by module; those with most first."""
    found = defaultdict(list)
    for mv in listed_modules(folder, None):
        file = folder / zip_path(mv)
        is_whole = all(file.with_suffix(each.suffix).exists() for each in FileKind)
        if is_whole and not prerelease(mv.version):
            found[mv.path].append(mv)
    for each in found.values():
        each.sort(key=lambda mv: version_key(mv.version))
    return sorted(found.values(), key=lambda each: (-len(each), each[0].path))


def _many(setting: Setting, modules: list[ModuleVersion]) -> Row:
    [size_bytes], zip_bytes = _bundles(setting, "many", [modules])
    figure = f"bundle, {len(modules)} real versions of {_FEW} modules"
    part = size_bytes / zip_bytes
    return within(figure, [part], limit=_MANY_PART, unit="of the zips")


def _following(setting: Setting, found: list[list[ModuleVersion]]) -> Iterator[Row]:
    before = [mv for each in found for mv in each[:-1]]
    new = [each[-1] for each in found]
    sizes, zip_bytes = _bundles(setting, "following", [before, new])
    figure = f"bundle, the next real version of {len(new)} modules"
    yield within(figure, [sizes[-1] / zip_bytes], limit=_NEXT_PART, unit="of the zips")


def _bundles(
    setting: Setting, name: str, steps: list[list[ModuleVersion]]
) -> tuple[list[int], int]:
    """Return the size of the bundle of each step, and of the last step's zips."""
    assert setting.real is not None
    every = [mv for step in steps for mv in step]
    root, site = setting.room(f"{name}-real"), setting.room(f"{name}-site")
    key = write_real(setting.real, every, root, records=setting.sizes.records)
    sizes: list[int] = []
    with nginx(root, setting.room(f"{name}-nginx")) as (url, _):
        for number in range(len(steps)):
            named = [str(mv) for step in steps[: number + 1] for mv in step]
            config = write_config(site, url=url, sumdb=key, modules=named)
            config.write_text(config.read_text() + _TARGET)
            run((*GOSYNC, "sync", "--config", config), cwd=site)
            sizes.append(_create(site))
    last = (root / zip_path(mv) for mv in steps[-1])
    return sizes, sum(file.stat().st_size for file in last)


def _create(site: Path) -> int:
    command = ("bundle", "create", "--no-progress", "--json", "--out", "media")
    made = Path(
        msgspec.json.decode(run((*GOSYNC, *command), cwd=site).output)["folder"]
    )
    return sum(file.stat().st_size for file in made.iterdir())
