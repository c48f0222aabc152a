"""``gosync verify`` of a corpus as a static tree, start-up and proofs included.

Beside it, over the same zips: Go's dirhash.HashZip on two goroutines, which proves
nothing; ``go mod verify`` over a module cache that a real go filled with the same
modules, which hashes zips and extracted folders, beside a verify of that cache, and an
import of it into a new store beside that verify; and inflate and sha256 alone, on two
threads of Python, one entry at a time. And the peak memory with a zip of the largest
size there may be.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from gosync.gomod.module import ModuleVersion
from gosync.gomod.window import Window
from gosync.gomod.zipdir import read_directory
from gosync.gomod.zipread import read_contents
from tests.bench.corpus import MIB, MadeModule, make_huge_zip
from tests.bench.hashing import Hashed, build_peer, time_hashes
from tests.bench.measure import GOSYNC, Cost, peak_together, run
from tests.bench.setting import Setting
from tests.bench.table import Row, faster, within
from tests.bench.upstream import nginx, write_upstream
from tests.simulator.goclient import GoClient

_BARE = (sys.executable, "-m", "tests.bench.verifying")
_LIMIT_MIB = 200


def verify_caches(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    yield from _tree(setting)
    yield from _modcache(setting)
    yield _memory(setting)


def _tree(setting: Setting) -> Iterator[Row]:
    """Beside Go's hashing, and beside bare inflate and sha256."""
    corpus = setting.write_corpus("verified", setting.sizes.verified)
    folder = setting.room("verify")
    zips = corpus.zips()
    files = folder / "files"
    files.write_text("".join(f"{path}\n" for path in zips))
    peers, bare = [], []
    with GoClient(folder / "go", goproxy="off", gosumdb="off") as client:
        program = build_peer(client)
        for _ in range(2 * setting.runs - 1):
            ours = _verify(corpus.root, corpus.verifier_key, folder)
            theirs = time_hashes((program, "2", files), folder)
            alone = time_hashes((*_BARE, files), folder)
            peers.append((ours.wall_seconds, theirs.seconds))
            bare.append((ours.wall_seconds, alone.seconds))
    figure = f"verify a tree of {len(zips)} zips"
    yield faster(figure, peers, peer="dirhash.HashZip, 2 goroutines", target=2.5)
    # At most 1.3 times the time of the bare work.
    yield faster(figure, bare, peer="bare inflate + sha256, 2 threads", target=1 / 1.3)


def _modcache(setting: Setting) -> Iterator[Row]:
    """Beside ``go mod verify`` of the same modules, and an import beside that."""
    corpus, folder = setting.corpus, setting.room("verify-modcache")
    pairs, imports = [], []
    with (
        nginx(corpus.root, setting.room("verify-nginx")) as (url, _),
        GoClient(folder / "go", goproxy=url, gosumdb=corpus.verifier_key) as go,
    ):
        _download(go, corpus.modules)
        cache = go.modcache
        for _ in range(setting.runs):
            ours = _verify(cache, corpus.verifier_key, folder)
            begun = time.perf_counter()
            go.run("mod", "verify")
            pairs.append((ours.wall_seconds, time.perf_counter() - begun))
            taken = _import(cache, corpus.verifier_key, folder / "site")
            imports.append((taken.cpu_seconds, ours.cpu_seconds))
    count = len({each.partition("@")[0] for each in corpus.modules})
    figure = f"verify a module cache of {count} modules"
    yield faster(figure, pairs, peer="go mod verify", target=None)
    # At most 1.6 times the work of proving it where it lies.
    figure = f"import a module cache of {count} modules, user+sys"
    yield faster(figure, imports, peer="gosync verify of it", target=1 / 1.6)


def _import(cache: Path, key: str, folder: Path) -> Cost:
    """Take a cache into a new store, proven by the part of the log that it has."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    upstream = f'[upstream]\nproxies = "off"\nsumdb = "{key}"\n'
    (folder / "gosync.toml").write_text(upstream)
    command = (*GOSYNC, "import", cache, "--no-publish", "--json", "--no-progress")
    return run(command, cwd=folder)


def _download(go: GoClient, modules: Sequence[str]) -> None:
    """Fill a module cache with the newest version of each module."""
    newest = {each.partition("@")[0]: each.partition("@")[2] for each in modules}
    lines = "".join(f"\t{path} {version}\n" for path, version in newest.items())
    (go.work / "go.mod").write_text(
        f"module bench.example/all\n\ngo 1.22\n\nrequire (\n{lines})\n"
    )
    go.run("mod", "download", "all")


def _verify(target: Path, key: str, folder: Path) -> Cost:
    return run(_command(target, key, folder), cwd=folder)


def _command(target: Path, key: str, folder: Path) -> tuple[str | Path, ...]:
    command = (*GOSYNC, "verify", target, "--offline", "--sumdb", key, "--fresh")
    return (*command, "--state", folder / "state", "--json", "--no-progress")


def _memory(setting: Setting) -> Row:
    """The peak with a huge zip, of all processes together."""
    mv = ModuleVersion("huge.example/data", "v1.0.0")
    data = make_huge_zip(mv, setting.sizes.huge_bytes)
    root, folder = setting.room("verify-huge-tree"), setting.room("verify-huge")
    made = MadeModule(mv, f"module {mv.path}\n".encode(), data)
    key = write_upstream([made], root, records=setting.sizes.records)
    size_mib = round(len(data) / MIB)
    del data
    command = _command(root, key, folder)
    peaks = [peak_together(command, cwd=folder) / MIB for _ in range(setting.runs)]
    figure = f"verify a zip of {size_mib} MiB, peak memory"
    return within(figure, peaks, limit=_LIMIT_MIB, unit="MiB")


def inflate_and_hash(path: str) -> str:
    """Inflate every entry of a zip and hash its contents; return nothing of use."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        size_bytes = os.fstat(descriptor).st_size
        window = Window(lambda at, size: os.pread(descriptor, size, at), size_bytes)
        for entry in read_directory(window, size_bytes):
            digest = hashlib.sha256()
            for chunk in read_contents(window, entry):
                digest.update(chunk)
            digest.digest()
    finally:
        os.close(descriptor)
    return ""


def _main(files: str) -> None:
    listed = Path(files).read_text().splitlines()
    begun = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        hashes = list(pool.map(inflate_and_hash, listed))
    done = Hashed(time.perf_counter() - begun, hashes)
    print(msgspec.json.encode(done).decode())


if __name__ == "__main__":
    _main(*sys.argv[1:])
