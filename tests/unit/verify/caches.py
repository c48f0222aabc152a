"""Caches of every layout, written as their own servers write them.

What is in them comes from one simulator, so that the same versions can be looked
for everywhere. ``lay`` writes a cache of a kind, ``run`` verifies one as the command
line does, in this process.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import anyio
from msgspec.structs import replace

from gosync.clock import SystemClock
from gosync.config import parse_config
from gosync.demo.exchange import RequestKind as FileKind
from gosync.demo.modules import ModuleSource
from gosync.demo.upstream import SampleVersion
from gosync.folder.layouts import TargetKind
from gosync.gomod.module import ModuleVersion, escape_path, escape_version
from gosync.site.options import SiteOptions
from gosync.sumdb.names import Database, parse_gosumdb
from gosync.verify.act.plan import Action
from gosync.verify.executor import act
from gosync.verify.report import VerifyReport
from gosync.verify.request import Limits, VerifyRequest
from gosync.verify.session import open_session
from gosync.work.progress import NoProgress
from gosync.work.sweep import Sweep
from tests.simulator import Simulator
from tests.simulator.standard import source
from tests.simulator.static import write_static

ALPHA = "alpha.example/Alpha"
BETA = "beta.example/beta"
PSEUDO = "v0.0.0-20240102030405-abcdefabcdef"
FOLDERS = (
    TargetKind.TREE,
    TargetKind.GOPROXY,
    TargetKind.MODCACHE,
    TargetKind.ATHENS,
    TargetKind.ATHENS_S3,
)


def sources() -> Iterator[ModuleSource]:
    """Yield what the simulator publishes."""
    for path, version in (
        (ALPHA, "v1.0.0"),
        (ALPHA, "v1.1.0"),
        (BETA, "v0.1.0"),
        (BETA, "v0.2.0"),
    ):
        go_mod = f"module {path}\n\ngo 1.21\n// {version}\n"
        text = f'package x\n\nconst Version = "{path}@{version}"\n' + "// x\n" * 40
        yield source(path, version, {"go.mod": go_mod, "x.go": text})


@dataclass
class World:
    """What caches are made of.

    Attributes:
        sim: The upstream, which signs.
        database: Its checksum database.
        tree: Its static tree.
    """

    sim: Simulator
    database: Database
    tree: Path
    pristine: dict[TargetKind, Path] = field(default_factory=dict)
    _sites: dict[str | None, SiteOptions] = field(default_factory=dict)

    @classmethod
    def build(cls, sim: Simulator, folder: Path) -> World:
        for each in sources():
            sim.publish(each)
        sim.log.grow(600)
        tree = folder / "tree"
        write_static(sim, tree)
        world = cls.of(sim, tree)
        for kind in FOLDERS:
            world.pristine[kind] = folder / f"pristine-{kind}"
            lay(world, kind, world.pristine[kind])
        return world

    @classmethod
    def of(cls, sim: Simulator, tree: Path) -> World:
        database = parse_gosumdb(sim.verifier_key)
        assert database is not None
        return cls(sim, database, tree)

    def publications(self) -> Iterator[tuple[ModuleVersion, SampleVersion]]:
        for mv in self.sim.module_versions():
            yield mv, self.sim.publication(mv)

    def site(self, folder: Path, *, sumdb: str | None = None) -> SiteOptions:
        """Return a configuration that knows the simulator."""
        if (known := self._sites.get(sumdb)) is None:
            known = self._sites[sumdb] = site_of(self.sim, folder, sumdb=sumdb)
        return replace(known, store_path=folder / "var")


def site_of(sim: Simulator, folder: Path, *, sumdb: str | None = None) -> SiteOptions:
    """Return a configuration that knows a simulator."""
    database = sumdb or sim.verifier_key
    upstream = {"proxies": sim.url, "sumdb": database, "retries": 0}
    values: dict[str, object] = {"store": {"min_free": "1MiB"}, "upstream": upstream}
    return parse_config(values, {}, base=folder).site_options()


def lay(world: World, kind: TargetKind, root: Path) -> None:
    """Write a whole cache."""
    if kind in {TargetKind.TREE, TargetKind.GOPROXY}:
        shutil.copytree(world.tree, root)
        if kind is TargetKind.GOPROXY:
            for supported in root.glob("sumdb/*/supported"):
                supported.unlink()
        return
    if kind is TargetKind.MODCACHE:
        shutil.copytree(world.tree / "sumdb", root / "cache/download/sumdb")
        for name in ("supported", "latest"):
            (root / f"cache/download/sumdb/{world.database.name}/{name}").unlink()
    for mv, publication in world.publications():
        files = {
            each.value: publication.file(each)
            for each in (FileKind.INFO, FileKind.MOD, FileKind.ZIP)
        }
        for path, data in _files(kind, mv, publication, files):
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
    if kind is TargetKind.MODCACHE:
        _write_lists(world, root)


def _files(
    kind: TargetKind,
    mv: ModuleVersion,
    publication: SampleVersion,
    files: dict[str, bytes],
) -> Iterator[tuple[str, bytes]]:
    if kind is TargetKind.ATHENS:
        folder = f"{mv.path}/{mv.version}"
        yield f"{folder}/go.mod", files["mod"]
        yield f"{folder}/source.zip", files["zip"]
        yield f"{folder}/{mv.version}.info", files["info"]
        return
    if kind is TargetKind.ATHENS_S3:
        for suffix, data in files.items():
            yield f"{mv.path}/@v/{mv.version}.{suffix}", data
        return
    stem = f"cache/download/{escape_path(mv.path)}/@v/{escape_version(mv.version)}"
    for suffix, data in files.items():
        yield f"{stem}.{suffix}", data
    yield f"{stem}.ziphash", publication.zip_h1.encode()
    yield f"{stem}.lock", b""
    folder = f"{escape_path(mv.path)}@{escape_version(mv.version)}"
    with zipfile.ZipFile(BytesIO(files["zip"])) as packed:
        for name in packed.namelist():
            yield f"{folder}/{name.removeprefix(f'{mv}/')}", packed.read(name)


def _write_lists(world: World, root: Path) -> None:
    versions: dict[str, list[str]] = {}
    for mv, _ in world.publications():
        versions.setdefault(mv.path, []).append(mv.version)
    for path, found in versions.items():
        text = "".join(f"{version}\n" for version in found)
        (root / f"cache/download/{escape_path(path)}/@v/list").write_text(text)


def run(
    world: World,
    root: Path,
    *,
    kind: TargetKind | None = None,
    offline: bool = True,
    action: Action = Action.REPORT,
    state: Path | None = None,
    limits: Limits | None = None,
    private: tuple[str, ...] = (),
    sums: tuple[Path, ...] = (),
    proofs: tuple[Path, ...] | None = None,
    max_delete: int = 100,
    looked: Callable[[VerifyReport], None] | None = None,
    sweep: Sweep | None = None,
) -> VerifyReport:
    """Verify a cache, and act.

    Before it acts, ``looked`` is given the report: what a mere report would say.
    """
    request = VerifyRequest(
        path=root,
        kind=kind,
        site=world.site(root.parent),
        private=private,
        offline=offline,
        proofs=(world.tree,) if proofs is None else proofs,
        sums=sums,
        state=state or root.parent / "state",
        limits=limits or Limits(),
    )

    async def main() -> VerifyReport:
        clock = SystemClock()
        async with open_session(request, clock) as session:
            report = await session.run(clock, NoProgress(), lambda: False, sweep)
            if looked is not None:
                looked(report)
            if action is not Action.REPORT:
                await act(session, report, action, clock=clock, max_delete=max_delete)
            return report

    return anyio.run(main)
