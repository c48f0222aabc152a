"""What `gosync demo` does, step by step, with the parts that a real site uses.

A sample upstream on loopback (index, proxy, a checksum database that signs with
a throwaway key), one configuration file, and then: sync, publish, a real `go`
that builds against the tree alone, a new version, a poisoned one being caught.
Then the upstream ends, and what was mirrored crosses the gap: a bundle, a second
site that takes it in, and the same program built from that one's tree.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import msgspec
from msgspec.structs import replace

from gosync.closure.golang import Client, can_cut_network, find_go
from gosync.config import Config, load_config
from gosync.config.sizes import format_size
from gosync.demo.crossing import Crossing
from gosync.demo.exchange import RequestKind
from gosync.demo.inbuckets import object_store, places_of, proxy_of
from gosync.demo.modules import ModuleSource, build_zip, load_sources, samples_folder
from gosync.demo.objectserver import SeaweedServer
from gosync.demo.treecheck import check_tree
from gosync.demo.upstream import SampleUpstream
from gosync.errors import GosyncError, UsageError
from gosync.hint import advise, command
from gosync.site.site import open_site
from gosync.site.storeparts import store_quarantine
from gosync.site.treefolder import tree_as_folder, tree_folder
from gosync.store.layout import QUARANTINE
from gosync.sumdb.names import parse_gosumdb
from gosync.sync.engine import PassOptions
from gosync.sync.report import PassReport
from gosync.sync.running import run_pass
from gosync.work.progress import NoProgress, Progress

PROGRAM = "demo.example/postcard"
_FILLER_RECORDS = 70_000
_MARK = ".gosync-demo"
_CONFIG = """\
# Written by `gosync demo`; the sample upstream ended with it.
[store]
path = "{store}"
min_free = "0"

[upstream]
proxies = ["{url}"]
index = "{index}"
sumdb = "{key}"
retries = 0

[[select]]
modules = ["demo.example/*"]

[publish]
tree = "{tree}"
{buckets}
[[target]]
name = "inside"
keys = ["./packer.key"]
"""

Say = Callable[[str], None]


class DemoError(GosyncError):
    """The demo did not show what it promises: a bug of ours."""


class DemoResult(msgspec.Struct, frozen=True):
    """What the demo showed.

    Attributes:
        folder: Where everything is.
        versions: Versions that were proven and published.
        checked_by: What the tree was checked with.
        output: What the built program printed, "" without a go.
        caught: Why the poisoned version was refused.
        evidence: Where its evidence is.
        bundle: The folder of the bundle that crossed.
        inside: The folder of the site that took it in.
    """

    folder: Path
    versions: int
    checked_by: str
    output: str
    caught: str
    evidence: str
    bundle: Path
    inside: Path


class Demo:
    """One run of the story in one folder."""

    def __init__(
        self, folder: Path, say: Say, progress: Progress, *, in_buckets: bool = False
    ) -> None:
        """Take where and how it is told.

        Args:
            folder: Where everything goes.
            say: Is told what happens.
            progress: Is told how far it is.
            in_buckets: Whether store and tree outside are in an object store, which is
                started for it.
        """
        self._folder = folder
        self._say = say
        self._progress = progress
        self._in_buckets = in_buckets
        self._objects: SeaweedServer | None = None
        self._sources = load_sources(samples_folder() / "modules")

    async def run(self) -> DemoResult:
        """Tell the story.

        Raises:
            UsageError: if the folder holds something else.
            DemoError: if a step does not end as it must.
        """
        prepare_folder(self._folder)
        with object_store(self._folder) if self._in_buckets else nullcontext() as found:
            self._objects = found
            if found is not None:
                self._say(f"objects    {found.url}: SeaweedFS, with store and tree")
            return await self._tell()

    async def _tell(self) -> DemoResult:
        with SampleUpstream() as upstream:
            self._open(upstream)
            first = await self._sync()
            checked_by, output = await self._use_tree(upstream.verifier_key)
            caught, evidence = await self._poison(upstream)
        bundle, inside = await self._cross(upstream.verifier_key, output)
        return DemoResult(
            self._folder,
            first.tally.admitted,
            checked_by,
            output,
            caught,
            evidence,
            bundle,
            inside,
        )

    def _open(self, upstream: SampleUpstream) -> None:
        upstream.log.grow(_FILLER_RECORDS)
        upstream.publish_all(self._sources)
        text = _CONFIG.format(
            url=upstream.url,
            index=upstream.index_url,
            key=upstream.verifier_key,
            **places_of(self._objects),
        )
        (self._folder / "gosync.toml").write_text(text)
        self._say(
            f"upstream   {upstream.url}: {len(self._sources)} versions, and a"
            f" checksum database of {upstream.log.size} signed records"
        )

    async def _sync(self) -> PassReport:
        report = await self._pass()
        if report.exit_code:
            raise DemoError(f"the first sync ended with {report.exit_code}")
        assert report.published is not None
        self._say(
            f"sync       {report.tally.admitted} versions proven and stored,"
            f" {report.requests} requests"
        )
        self._say(f"publish    {report.published.root}: a GOPROXY made of files")
        return report

    async def _pass(self) -> PassReport:
        options = self._config().site_options()
        with open_site(options, command="gosync demo") as site:
            return await run_pass(site, PassOptions(), self._progress)

    def _config(self) -> Config:
        return load_config(self._folder / "gosync.toml", {})

    async def _use_tree(self, sumdb: str) -> tuple[str, str]:
        go, config = find_go(), self._config()
        if go is None:
            with tree_as_folder(
                config.tree_path, config.buckets, NoProgress()
            ) as folder:
                proven = await _check(folder, sumdb)
            self._say("go         not found on PATH, so gosync's own client checks:")
            self._say(f"           {proven} versions proven from the tree alone")
            return "gosync", ""
        proxy = proxy_of(config.tree_path, self._objects)
        client = self._client(go, self._folder, proxy, sumdb)
        output = _build(client)
        self._say("go         built and ran a program against the tree alone:")
        for line in output.splitlines():
            self._say(f"           {line}")
        return _run(client, "version").strip(), output

    def _client(self, go: Path, folder: Path, proxy: str, sumdb: str) -> Client:
        """Return a go with modules of its own; the compiler's cache is shared."""
        cache = os.environ.get("GOCACHE", str(self._folder / "gocache"))
        return Client(
            go=go,
            folder=folder,
            proxy=proxy,
            sumdb=sumdb,
            cut=proxy.startswith("file:") and can_cut_network(),
            more={"CGO_ENABLED": "0", "GOCACHE": cache},
        )

    async def _poison(self, upstream: SampleUpstream) -> tuple[str, str]:
        """Publish one more version, honestly logged, and serve another zip."""
        honest = _next_version(self._sources)
        upstream.publish(honest)
        evil = replace(honest, files={**honest.files, "evil.go": b"package ink\n"})
        upstream.replace(honest.module_version, RequestKind.ZIP, build_zip(evil))
        report = await self._pass()
        if report.exit_code != 6 or not report.missing:
            raise DemoError(f"the poisoned zip got through: {report.exit_code}")
        caught = report.missing[0].reason
        evidence = self._evidence()
        self._say(
            f"poisoned   {honest.module_version}: the upstream serves another zip"
        )
        self._say(f"           refused, exit 6: {caught}")
        return caught, evidence

    def _evidence(self) -> str:
        config = self._config()
        quarantine = store_quarantine(config.site_options())
        assert quarantine is not None
        place = str(config.store_bucket or config.store_path)
        return f"{place}/{QUARANTINE}/{quarantine.ids()[0]}"

    async def _cross(self, sumdb: str, output: str) -> tuple[Path, Path]:
        """Carry what was mirrored to a site without any network, and use it there."""
        crossing = Crossing(self._folder, self._progress)
        inside = crossing.prepare(sumdb)
        made = await crossing.pack(self._config())
        if made.path is None or made.header is None:
            raise DemoError("there was nothing to carry")
        self._say(
            f"bundle     {made.path}: {made.header.carried} versions and their"
            f" proofs, {format_size(made.header.size_bytes)}, signed"
        )
        report = await crossing.take_in(inside, made.path)
        if report.exit_code:
            raise DemoError(f"the import ended with {report.exit_code}")
        self._say(
            f"import     {report.brought} versions proven and published inside, where"
            " nothing is known but two keys"
        )
        tree = tree_folder(inside.tree_path, "The demo's other site", hint="a bug")
        await self._use_inside(crossing.inside, tree, sumdb, output)
        return made.path, crossing.inside

    async def _use_inside(
        self, folder: Path, tree: Path, sumdb: str, output: str
    ) -> None:
        go = find_go()
        if go is None:
            proven = await _check(tree, sumdb)
            self._say(f"           {proven} versions proven from that tree alone")
            return
        client = self._client(go, folder, tree.as_uri(), sumdb)
        if _build(client) != output:
            raise DemoError("inside, another program was built")
        network = ", without any network" if client.cut else ""
        self._say(f"go         built the same program inside, GOSUMDB on{network}")


async def _check(tree: Path, sumdb: str) -> int:
    """Prove a tree by gosync's own client; return how many versions it has."""
    database = parse_gosumdb(sumdb)
    assert database is not None
    return len(await check_tree(tree, database))


def _build(client: Client) -> str:
    """Build the sample program with modules from a tree; return what it prints."""
    work = client.folder / "work"
    work.mkdir(exist_ok=True)
    _run(client, "mod", "init", "demo.example/site", folder=work)
    _run(client, "get", f"{PROGRAM}@latest", folder=work)
    _run(client, "build", "-o", "postcard", PROGRAM, folder=work)
    done = subprocess.run(  # noqa: S603 - what we just built
        [work / "postcard", "gopher"], capture_output=True, text=True, check=True
    )
    return done.stdout


def _run(client: Client, *arguments: str, folder: Path | None = None) -> str:
    """Run go and return what it printed.

    Raises:
        DemoError: if it fails; with its output.
    """
    done = client.run(*arguments, folder=folder)
    if not done.ok:
        raise DemoError(f"{done.command} failed: {done.stderr}")
    return done.stdout


def prepare_folder(folder: Path) -> None:
    """Make the demo's folder, or empty one of an earlier demo's leftovers.

    Raises:
        UsageError: if it holds anything that no demo wrote.
    """
    mark = folder / _MARK
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        raise UsageError(
            f"{folder} is not empty",
            hint=advise("name another folder: {}", command("demo", "DIR")),
        )
    if mark.exists():
        raise UsageError(
            f"{folder} holds an earlier demo",
            hint=f"look at it, or remove it first: rm -rf {folder}",
        )
    folder.mkdir(parents=True, exist_ok=True)
    mark.touch()


def _next_version(sources: list[ModuleSource]) -> ModuleSource:
    """Return a version after the newest one of a module without dependants."""
    newest = [source for source in sources if source.path == "demo.example/Ink"][-1]
    return replace(newest, version="v0.4.0", commit="")
