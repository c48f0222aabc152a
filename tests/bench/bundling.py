"""Bundles: how small, how quickly, in how much memory.

The files are those of Go's own source tree, which deflate 4.3 to 1, as those of
well-known modules do; they are cut into modules. In a module's next version one file
in thirty has other lines. Three sets are bundled, as they are at real sites:

- many versions of one module, all at once;
- one version each of many modules, all at once;
- a next version of many modules, for a site that has the ones before.

Beside each stand the zips themselves, as ``tar`` packs them; that tar through
``zstd -19 --long=27``; and a zip of the module cache. Speed is told beside ``zstd
-10 -T2 --long=27`` over the unpacked contents of the first two sets, which proves
nothing and reads nothing back.
"""

from __future__ import annotations

import io
import random
import subprocess
import tarfile
import tomllib
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path

import msgspec

from gosync.gomod.module import ModuleVersion, escape_path
from tests.bench.corpus import Piece, join_zip
from tests.bench.measure import GOSYNC, Cost, run, settle
from tests.bench.setting import Setting
from tests.bench.table import Row, beside, faster, within
from tests.bench.taking import import_rows
from tests.simulator.goclient import need_go
from tests.unit.bundle.outside import TARGET, Outside

_SPEED = 1 / 1.5
_MEMORY_LIMIT_BYTES = 600 << 20


@dataclass(frozen=True, slots=True)
class BundledSet:
    """What is bundled together.

    Attributes:
        name: What it is called.
        limit: The part of the zips' bytes that it may have at most.
        before: What the site has already.
        new: What it has not.
    """

    name: str
    limit: float
    before: list[tuple[ModuleVersion, list[Piece]]]
    new: list[tuple[ModuleVersion, list[Piece]]]


def bundle_sizes(setting: Setting) -> Iterator[Row]:
    """Yield the rows of all three sets."""
    sizes = setting.sizes
    dice = random.Random(5)
    files = source_files()[: sizes.bundled_files]
    for number, each in enumerate(
        (
            _many_versions(dice, files, sizes.bundled_versions, sizes.bundled_bytes),
            one_version(dice, files, sizes.bundled_modules),
            _next_versions(dice, files, sizes.bundled_updates),
        )
    ):
        room = setting.room(f"bundling{number}")
        with Outside(room, records=sizes.records) as outside:
            _write_config(outside)
            admit(outside, each.before)
            if each.before:
                outside.create()
                (room / "updates").touch()
            admit(outside, each.new)
        yield from _rows(setting, room, each)


def source_files() -> list[bytes]:
    """Return Go's own source files, in the order of their paths."""
    asked = subprocess.run(
        [need_go(), "env", "GOROOT"], capture_output=True, text=True, check=True
    )
    paths = sorted((Path(asked.stdout.strip()) / "src").rglob("*.go"))
    return [path.read_bytes() for path in paths if path.is_file()]


def _modules(
    dice: random.Random, files: Sequence[bytes], count: int
) -> Iterator[tuple[str, list[Piece]]]:
    """Cut files into so many modules, whose sizes are spread as in the corpus."""
    weights = [dice.lognormvariate(0, 1.3) for _ in range(count)]
    cuts = [round(len(files) * part / sum(weights)) for part in accumulate(weights)]
    for number, (start, end) in enumerate(pairwise([0, *cuts])):
        yield _module(number, files[start : max(end, start + 2)])


def _module(number: int, files: Sequence[bytes]) -> tuple[str, list[Piece]]:
    path = f"bench.example/m{number:03d}"
    pieces = [Piece.of("go.mod", f"module {path}\n".encode())]
    for at, data in enumerate(files):
        pieces.append(Piece.of(f"p{at // 12}/file{at:04d}.go", data))
    return path, pieces


def _changed(
    dice: random.Random, pieces: list[Piece], lines: list[bytes]
) -> list[Piece]:
    """Return a next version's files: one in thirty has other lines, at least one."""
    chosen = set(dice.sample(range(1, len(pieces)), max(1, len(pieces) // 30)))
    return [
        _edited(dice, piece, lines) if at in chosen else piece
        for at, piece in enumerate(pieces)
    ]


def _edited(dice: random.Random, piece: Piece, lines: list[bytes]) -> Piece:
    old = zlib.decompress(piece.data, wbits=-15).splitlines(keepends=True)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(old) + 1)
        count = dice.randint(1, 6)
        old[at : at + dice.randint(0, 5)] = dice.choices(lines, k=count)
    return Piece.of(piece.name, b"".join(old))


def _many_versions(
    dice: random.Random, files: list[bytes], count: int, zip_bytes: int
) -> BundledSet:
    lines = files[0].splitlines(keepends=True)
    path, pieces = _module(0, files)
    sizes = accumulate(len(piece.data) for piece in pieces)
    pieces = pieces[: sum(size < zip_bytes for size in sizes)]
    new = []
    for minor in range(count):
        new.append((ModuleVersion(path, f"v1.{minor}.0"), pieces))
        pieces = _changed(dice, pieces, lines)
    return BundledSet(f"{count} versions of a module", 1 / 20, [], new)


def one_version(dice: random.Random, files: list[bytes], count: int) -> BundledSet:
    new = [
        (ModuleVersion(path, "v1.0.0"), pieces)
        for path, pieces in _modules(dice, files, count)
    ]
    return BundledSet(f"{count} modules of one version", 0.6, [], new)


def _next_versions(dice: random.Random, files: list[bytes], count: int) -> BundledSet:
    lines = files[0].splitlines(keepends=True)
    before, new = [], []
    for path, pieces in _modules(dice, files, count):
        before.append((ModuleVersion(path, "v1.0.0"), pieces))
        new.append((ModuleVersion(path, "v1.1.0"), _changed(dice, pieces, lines)))
    return BundledSet(f"a next version of {count} modules", 1 / 12, before, new)


def admit(
    outside: Outside, versions: Sequence[tuple[ModuleVersion, list[Piece]]]
) -> None:
    for mv, pieces in versions:
        outside.add(mv.path, mv.version, zip_data=join_zip(f"{mv}/", pieces))
    outside.publish()


def _write_config(outside: Outside) -> None:
    upstream = f'[upstream]\nproxies = "off"\nsumdb = "{outside.log.verifier_key}"\n'
    target = f'[[target]]\nname = "{TARGET}"\nbase = "sealed"\n'
    (outside.folder / "gosync.toml").write_text(upstream + target)


def _database_key(room: Path) -> str:
    values = tomllib.loads((room / "gosync.toml").read_text())
    key: str = values["upstream"]["sumdb"]
    return key


def _rows(setting: Setting, room: Path, each: BundledSet) -> Iterator[Row]:
    zips = [(mv, join_zip(f"{mv}/", pieces)) for mv, pieces in each.new]
    zip_bytes = sum(len(data) for _, data in zips)
    tar = _tar_zips(room / "zips.tar", zips)
    settle()
    made = _create(room)
    part = [made.size_bytes / zip_bytes]
    figure = f"bundle, {each.name}"
    yield within(figure, part, limit=each.limit, unit="of the zips")
    size = made.size_bytes / 1e6
    peers = {
        "tar of the zips": tar,
        "zstd -19 --long=27 of it": _zstd(tar, "-19", "--long=27", "-T2"),
        "zip of the module cache": _zip_cache(room / "cache.zip", zips),
    }
    for peer, file in peers.items():
        yield beside(figure, size, file.stat().st_size / 1e6, unit="MB", peer=peer)
    limit = _MEMORY_LIMIT_BYTES / 1e6
    yield within(
        f"memory, {each.name}", [made.cost.peak_bytes / 1e6], limit=limit, unit="MB"
    )
    if not each.before:
        yield _speed(setting, room, each, made)
        yield from import_rows(
            room,
            made.folder,
            _database_key(room),
            name=each.name,
            runs=setting.runs,
            limit_bytes=_MEMORY_LIMIT_BYTES,
        )


def _speed(setting: Setting, room: Path, each: BundledSet, first: _Made) -> Row:
    """Time creates of the same bundle beside the compression alone."""
    tar = _tar_contents(room / "contents.tar", each)
    pairs = []
    for number in range(setting.runs):
        settle()
        ours = _create(room).cost if number else first.cost
        settle()
        packed = room / "contents.tar.zst"
        zstd = ("zstd", "-q", "-f", "-10", "-T2", "--long=27", tar, "-o", packed)
        pairs.append((ours.wall_seconds, run(zstd, cwd=room).wall_seconds))
    figure = f"bundle create, {each.name}"
    return faster(figure, pairs, peer="zstd -10 -T2 --long=27", target=_SPEED)


@dataclass(frozen=True, slots=True)
class _Made:
    """A bundle that was made.

    Attributes:
        folder: Its folder.
        size_bytes: The size of all its files.
        cost: What that took.
    """

    folder: Path
    size_bytes: int
    cost: Cost


def _create(room: Path) -> _Made:
    known = set((room / "media").iterdir()) if (room / "media").exists() else set()
    again = ("--full",) if known and not (room / "updates").exists() else ()
    command = (*GOSYNC, "bundle", "create", "--json", "--out", "media", *again)
    cost = run(command, cwd=room)
    folder = Path(msgspec.json.decode(cost.output)["folder"])
    size_bytes = sum(file.stat().st_size for file in folder.iterdir())
    return _Made(folder, size_bytes, cost)


def _tar_zips(path: Path, zips: Sequence[tuple[ModuleVersion, bytes]]) -> Path:
    with tarfile.open(path, "w") as tar:
        for mv, data in zips:
            entry = tarfile.TarInfo(_cached(mv))
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return path


def _zip_cache(path: Path, zips: Sequence[tuple[ModuleVersion, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for mv, data in zips:
            archive.writestr(f"cache/download/{_cached(mv)}", data)
            with zipfile.ZipFile(io.BytesIO(data)) as module:
                for name in module.namelist():
                    archive.writestr(name, module.read(name))
    return path


def _cached(mv: ModuleVersion) -> str:
    return f"{escape_path(mv.path)}/@v/{mv.version}.zip"


def _tar_contents(path: Path, each: BundledSet) -> Path:
    with tarfile.open(path, "w") as tar:
        for mv, pieces in each.new:
            for piece in pieces:
                contents = zlib.decompress(piece.data, wbits=-15)
                entry = tarfile.TarInfo(f"{mv}/{piece.name}")
                entry.size = len(contents)
                tar.addfile(entry, io.BytesIO(contents))
    return path


def _zstd(path: Path, *options: str) -> Path:
    packed = path.with_name(f"{path.name}.zst")
    subprocess.run(["zstd", "-q", "-f", *options, path, "-o", packed], check=True)
    return packed
