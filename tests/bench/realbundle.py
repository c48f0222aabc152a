"""Bundles of real modules: how small, how quick, in how much memory.

A site that synced them makes a full bundle, and another one takes it in. Beside the
making stands ``zstd -10 -T2 --long=27`` over the unpacked contents, which proves
nothing and reads nothing back: processor time against its, since both use all cores.
"""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import msgspec

from tests.bench.measure import GOSYNC, Cost, peak_together, run, settle
from tests.bench.setting import Corpus, Setting
from tests.bench.table import Row, faster, within
from tests.bench.taking import import_rows
from tests.bench.upstream import nginx, write_config

_TARGET = '\n[[target]]\nname = "inside"\nbase = "sealed"\n'
_PART = 0.62  # of the zips' bytes
_CREATE_BYTES, _IMPORT_BYTES = 450_000_000, 300_000_000
_PACE = 1 / 1.2  # of zstd's


def real_bundles(setting: Setting) -> Iterator[Row]:
    """Measure it; nothing where there is no folder of real modules."""
    corpus = setting.real_modules
    if corpus is None:
        return
    site = setting.room("real-bundles")
    _sync(setting, corpus, site)
    zip_bytes = sum(path.stat().st_size for path in corpus.zips())
    name = f"{len(corpus.modules)} real modules"
    contents = _tar_contents(site / "contents.tar", corpus)
    pairs: dict[str, list[tuple[float, float]]] = {"default": [], "fast": []}
    whole = site
    for _ in range(setting.runs):
        for level, found in pairs.items():
            ours, folder = _create(site, level)
            found.append((ours.cpu_seconds, _zstd(contents).cpu_seconds))
            if level == "default":
                whole = folder
    contents.unlink()
    for level, found in pairs.items():
        figure = f"bundle create --level {level}, {name}, processor time"
        peer = "zstd -10 -T2 --long=27"
        yield faster(figure, found, peer=peer, target=_PACE)
    size = sum(file.stat().st_size for file in whole.iterdir())
    yield within(f"bundle, {name}", [size / zip_bytes], limit=_PART, unit="of the zips")
    peak = peak_together((*GOSYNC, *_command("default")), cwd=site) / 1e6
    figure, limit = f"memory, bundle create, {name}", _CREATE_BYTES / 1e6
    yield within(figure, [peak], limit=limit, unit="MB")
    yield from import_rows(
        site,
        whole,
        corpus.verifier_key,
        name=name,
        runs=setting.runs,
        limit_bytes=_IMPORT_BYTES,
    )


def _sync(setting: Setting, corpus: Corpus, site: Path) -> None:
    with nginx(corpus.root, setting.room("real-bundles-nginx")) as (url, _):
        key, modules = corpus.verifier_key, corpus.modules
        config = write_config(site, url=url, sumdb=key, modules=modules)
        run((*GOSYNC, "sync", "--config", config), cwd=site)
    config.write_text(config.read_text() + _TARGET)


def _command(level: str) -> tuple[str, ...]:
    command = ("bundle", "create", "--full", "--no-progress", "--json")
    return (*command, "--level", level, "--out", "media")


def _create(site: Path, level: str) -> tuple[Cost, Path]:
    settle()
    cost = run((*GOSYNC, *_command(level)), cwd=site)
    return cost, Path(msgspec.json.decode(cost.output)["folder"])


def _zstd(contents: Path) -> Cost:
    settle()
    packed = contents.with_suffix(".zst")
    options = ("-q", "-f", "-10", "-T2", "--long=27")
    return run(("zstd", *options, contents, "-o", packed), cwd=contents.parent)


def _tar_contents(path: Path, corpus: Corpus) -> Path:
    with tarfile.open(path, "w") as tar:
        for file in corpus.zips():
            with zipfile.ZipFile(file) as zipped:
                for name in zipped.namelist():
                    data = zipped.read(name)
                    entry = tarfile.TarInfo(name)
                    entry.size = len(data)
                    tar.addfile(entry, BytesIO(data))
    return path
