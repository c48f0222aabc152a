"""A version made, brought through the gate, and published.

What was made stands where an upstream would have it, and the gate takes it from there
as a private version: pinned by its first sight. Nobody on the network is asked.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import anyio
import msgspec
from msgspec.structs import replace

from gosync.catalog.leases import fetch_lease
from gosync.catalog.versions import FoundBy, Need, State, VersionRow, Want
from gosync.errors import UsageError, WithdrawnError
from gosync.git.files import ReleaseSource
from gosync.git.making import make_version, place_zip
from gosync.gomod.module import ModuleVersion, check
from gosync.gomod.semver import canonical
from gosync.ingest.batch import Batch
from gosync.site.applying import denied_of, rule_on_admitted
from gosync.site.site import Site
from gosync.site.tree import publish_modules
from gosync.site.upstreams import Upstreams, connect
from gosync.sync.fetch import sink_of
from gosync.upstream.goproxy import parse_goproxy
from gosync.upstream.route import Routing
from gosync.work.progress import Progress


class Released(msgspec.Struct, frozen=True):
    """What a release did.

    Attributes:
        module: The module's path.
        version: The version.
        zip_h1: The ``h1:`` of its zip.
        mod_h1: The ``h1:`` of its go.mod.
        files: How many files the zip has.
        zip_bytes: Its size.
        commit: The commit it was made of, None for a folder.
        is_new: Whether it was not here before.
        published: Whether it was published.
        denied: Why the policy, or a scanner, keeps it out; "" where none does.
        rule: The rule that does, as a ruling names it; "" where none does.
    """

    module: str
    version: str
    zip_h1: str
    mod_h1: str
    files: int
    zip_bytes: int
    commit: str | None
    is_new: bool
    published: bool
    denied: str = ""
    rule: str = ""


def check_name(site: Site, mv: ModuleVersion) -> None:
    """Refuse a version that must not be released here.

    Raises:
        MalformedError: It is no module version, or not a canonical one.
        UsageError: The module is not private.
        WithdrawnError: It was withdrawn.
    """
    check(mv.path, mv.version)
    if canonical(mv.version) != mv.version:
        raise UsageError(f"{mv}: not a canonical version", hint="write v1.2.3")
    if not site.options.policy.is_private(mv.path):
        raise UsageError(
            f"{mv.path}: not a private module",
            hint="add it to upstream.private: of a public one everybody gets what the"
            " checksum database says",
        )
    if (withdrawn := site.catalog.withdrawn.get(mv)) is not None:
        raise WithdrawnError(f"{mv}: it was withdrawn: {withdrawn.reason}")


async def release(
    site: Site,
    mv: ModuleVersion,
    source: ReleaseSource,
    progress: Progress,
    *,
    publish: bool,
) -> Released:
    """Make a version, bring it through the gate, and publish it.

    Raises:
        UsageError: There is such a version, with another h1.
        RejectedError: What was made breaks a rule of modules.
        StoreError: Store, catalog or tree cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="gosync-release-") as folder:
        made = Path(folder)
        files = await anyio.to_thread.run_sync(make_version, mv, source, made)
        row, is_new = await _take(site, mv, made, progress)
    if publish:
        await _publish(site, mv.path)
    commit = source.origin.hash if source.origin else None
    found = _released(row, files=files, commit=commit, is_new=is_new)
    found = await anyio.to_thread.run_sync(_ruled, site, mv, found)
    return replace(found, published=publish and not found.denied)


async def release_zip(
    site: Site, mv: ModuleVersion, file: Path, progress: Progress
) -> Released:
    """Bring a module zip that somebody made through the gate; nothing is published.

    Args:
        site: The site.
        mv: What it is to be; ``check_name`` let it pass.
        file: The zip, which goes.
        progress: Is told how far it is.

    Raises:
        UsageError: There is such a version, with another h1.
        RejectedError: It breaks a rule of module zips, or is another module's.
        StoreError: Store or catalog cannot be written.
    """
    now = site.clock.now().replace(microsecond=0)
    with tempfile.TemporaryDirectory(prefix="gosync-upload-", dir=file.parent) as made:
        root = Path(made)
        files = await anyio.to_thread.run_sync(place_zip, mv, file, root, now)
        row, is_new = await _take(site, mv, root, progress)
    found = _released(row, files=files, commit=None, is_new=is_new)
    return await anyio.to_thread.run_sync(_ruled, site, mv, found)


async def _take(
    site: Site, mv: ModuleVersion, made: Path, progress: Progress
) -> tuple[VersionRow, bool]:
    """Bring what was made through the gate; return its row, and whether it is new."""
    from_made = replace(
        site,
        options=replace(
            site.options,
            proxies=parse_goproxy(made.as_uri()),
            routing=Routing(),
            index_url="",
            database=None,
        ),
    )
    async with connect(from_made) as upstreams, site.holding(fetch_lease(mv)):
        row = await _admit(upstreams, mv, progress)
        return row, await _commit(site, upstreams, row)


def _released(
    row: VersionRow, *, files: int, commit: str | None, is_new: bool
) -> Released:
    assert row.zip_h1
    assert row.mod_h1
    assert row.zip_bytes is not None
    return Released(
        module=row.path,
        version=row.version,
        zip_h1=row.zip_h1,
        mod_h1=row.mod_h1,
        files=files,
        zip_bytes=row.zip_bytes,
        commit=commit,
        is_new=is_new,
        published=False,
    )


def _ruled(site: Site, mv: ModuleVersion, found: Released) -> Released:
    denied = denied_of(site, mv.path, [mv.version]).get(mv.version, "")
    ruling = site.catalog.rulings.get(mv) if denied else None
    return replace(found, denied=denied, rule="" if ruling is None else ruling.rule)


async def _admit(
    upstreams: Upstreams, mv: ModuleVersion, progress: Progress
) -> VersionRow:
    proxy, gate = upstreams.proxy, upstreams.gate
    pin = await anyio.to_thread.run_sync(gate.pins.get, mv)
    async with gate.open(mv, need=Need.ZIP, private=True) as admission:
        info, mod = await proxy.info(mv), await proxy.mod(mv)
        staged = admission.stage_zip()
        served = await proxy.zip(mv, sink_of(staged, progress))
        if pin is not None and pin.zip_h1 is not None:
            found = await anyio.to_thread.run_sync(gate.scanner.scan, staged, mv)
            scan = found.scan
            if scan.h1 != pin.zip_h1:
                raise UsageError(
                    f"{mv}: released before, with {pin.zip_h1}; this is {scan.h1}",
                    hint="release another version: one that is out never changes",
                )
        admission.take_info(info.data, info.served)
        await admission.take_mod(mod.data, mod.served)
        await admission.take_zip(staged, served)
        return await admission.admit()


async def _publish(site: Site, path: str) -> None:
    async with connect(site) as upstreams:
        if upstreams.sums is not None:
            await upstreams.sums.start()
        for error in (await publish_modules(site, upstreams.sums, [path])).values():
            raise error


async def _commit(site: Site, upstreams: Upstreams, row: VersionRow) -> bool:
    """Commit a version, as one that a command asked for; whether it is new."""

    def note(rows: Sequence[VersionRow]) -> None:
        upstreams.gate.derived.put_into(site.catalog, rows)
        wants = [Want(e.path, e.version, Need.ZIP, FoundBy.COMMAND) for e in rows]
        now = site.clock.now()
        site.catalog.selected.select(wants, complete=False, now=now)
        rule_on_admitted(site, rows)

    before = site.catalog.versions.get(row.mv)
    batch = Batch(
        blobs=site.blobs,
        journal=site.journal,
        catalog=site.catalog,
        clock=site.clock,
        holder=site.holder,
        first_stays=True,
        also=note,
    )
    await batch.add(row)
    await batch.commit()
    return before is None or before.state is not State.PRESENT
