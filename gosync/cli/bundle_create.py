"""``gosync bundle create``: what is new to a site, in a folder to carry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import click
from msgspec.structs import replace

from gosync.bundle.format.features import features_of
from gosync.bundle.format.need import MAX_NEED_BYTES, NeedFile, parse_need
from gosync.bundle.make.create import create_bundle
from gosync.bundle.make.created import (
    CreateAllReport,
    Created,
    CreateOptions,
    CreateReport,
    TreeArchiveReport,
)
from gosync.bundle.make.levels import Level
from gosync.bundle.make.packedparts import PackedParts
from gosync.bundle.make.sharing import PackSharing
from gosync.bundle.make.tree_archive import admitted_files, write_tree_archive
from gosync.bundle.options import TargetSpec
from gosync.bundle.read.documents import shrink_lines, write_report
from gosync.catalog import leases
from gosync.catalog.versions import Need
from gosync.cli.bundle_lines import (
    artifacts_text,
    tiles_text,
    vulnerable_lines,
    withdrawn_lines,
)
from gosync.cli.options import CommonOptions, common_options, wait_lock_option
from gosync.cli.progress import progress
from gosync.cli.scheduler import scheduler_option, sharing
from gosync.cli.tables import alone_text
from gosync.config import Config
from gosync.config.sizes import format_size
from gosync.errors import MalformedError, UsageError
from gosync.sbom.bundled import BundleSbom
from gosync.scale.options import SchedulerAddress
from gosync.signing.files import read_keys
from gosync.site.site import open_site
from gosync.site.storeparts import shared_store
from gosync.site.treefolder import tree_as_folder
from gosync.work.memory import share_arenas

EXIT_INCOMPLETE = 3
_ADD_TARGET = 'add a [[target]] with name = "..." to the configuration'

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@click.option(
    "--all-targets", "all_targets", is_flag=True, help="Make one for each [[target]]."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=".",
    show_default=True,
    metavar="DIR",
    help="Where to make the bundle's folder.",
)
@click.option(
    "--full", is_flag=True, help="Carry everything, whatever the site has already."
)
@click.option(
    "--exact", is_flag=True, help="Carry zips byte for byte; the bundle is larger."
)
@click.option(
    "--tree",
    is_flag=True,
    help="Write the published tree as a tar.zst instead; no gosync is needed inside.",
)
@click.option(
    "--base",
    type=click.Choice(["acked", "sealed"]),
    help="What it builds on, instead of the target's base: the last bundle whose"
    " receipt came back, or the last one that was made.",
)
@click.option(
    "--need",
    "need_file",
    type=_FILE,
    metavar="FILE",
    help="Carry what the site says it lacks: its need.json.",
)
@click.option(
    "--for-version",
    metavar="VERSION",
    help="The gosync inside, which is to read it, instead of what its newest receipt"
    " says: before the first one.",
)
@click.option(
    "--level",
    type=click.Choice([each.value for each in Level]),
    default=Level.DEFAULT.value,
    show_default=True,
    help="How hard to compress: fast takes a third of the time and a fifth more bytes,"
    " small three times the time and a thirtieth less.",
)
@click.option(
    "--report", type=_FILE, metavar="FILE", help="Write the evidence there, as JSON."
)
@scheduler_option
@wait_lock_option
@common_options
def create(
    options: CommonOptions,
    targets: tuple[str, ...],
    all_targets: bool,
    out: Path,
    full: bool,
    exact: bool,
    tree: bool,
    base: str | None,
    need_file: Path | None,
    for_version: str | None,
    level: str,
    report: Path | None,
    scheduler: SchedulerAddress | None,
    wait_lock: float,
) -> int:
    """Make the next bundle for TARGET: all that it has not acknowledged yet.

    TARGET is a [[target]] of the configuration; where there is only one it may be
    left out. The bundle is read back and proven before it counts. When there is
    nothing new, there is no bundle.

    Of several targets each gets its own bundle, one after the other; what goes into
    more than one of them is packed once. An error ends the run, and the bundles that
    were made by then count.

    Exit code 3: made, but something selected is not in the store yet.
    """
    config = options.load_config()
    if all_targets:
        targets = _all(config, targets)
    _check_alone(targets, alone=(tree, need_file is not None, report is not None))
    names: tuple[str | None, ...] = targets or (None,)
    if tree:
        if full or exact or need_file is not None or for_version is not None:
            raise UsageError("--tree writes the tree as it is: no other option fits")
        return _write_tree(options, config, _target(config, names[0], base), out)
    asked = [
        CreateOptions(
            target=chosen,
            out=out,
            full=full,
            exact=exact,
            need=_read_need(need_file) if need_file is not None else None,
            reader=None if for_version is None else features_of(for_version),
            level=Level(level),
            documents=tuple(map(BundleSbom, chosen.sbom)),
        )
        for chosen in (_target(config, name, base) for name in dict.fromkeys(names))
    ]
    created = _create_all(options, config, asked, scheduler, wait_lock)
    reports = [CreateReport.of(each) for each in created]
    if report is not None:
        write_report(report, reports[0])
    lines = chain.from_iterable(map(_lines, created, asked))
    told = reports[0] if len(asked) == 1 else CreateAllReport.of(asked, reports)
    options.output.result("bundle create", told, lines)
    incomplete = any(each.selection.failed for each in created)
    return EXIT_INCOMPLETE if incomplete else 0


def _create_all(
    options: CommonOptions,
    config: Config,
    asked: Sequence[CreateOptions],
    scheduler: SchedulerAddress | None,
    wait_lock: float,
) -> list[Created]:
    """Make a bundle of each; what several of them have is packed once."""
    site_options = config.site_options()
    with (
        sharing(scheduler, config) as sweep,
        open_site(
            site_options,
            command="gosync bundle create",
            leases=[leases.BUNDLE],
            wait_lock_seconds=wait_lock,
        ) as site,
        PackedParts(site.blobs) as kept,
        progress(show=options.show_progress) as watcher,
    ):
        share_arenas()
        shared = (
            None if sweep is None else PackSharing(sweep, shared_store(site_options))
        )
        packed = kept if len(asked) > 1 else None
        return [create_bundle(site, each, watcher, shared, packed) for each in asked]


def _all(config: Config, named: tuple[str, ...]) -> tuple[str, ...]:
    if named:
        raise UsageError("--all-targets makes all: name none beside it")
    if not config.targets:
        raise UsageError("there is no target", hint=_ADD_TARGET)
    return tuple(config.targets)


def _check_alone(targets: tuple[str, ...], *, alone: Iterable[bool]) -> None:
    if len(targets) > 1 and any(alone):
        raise UsageError("--tree, --need and --report are for one target each")


def _write_tree(
    options: CommonOptions, config: Config, target: TargetSpec, out: Path
) -> int:
    """Write the published tree as an archive; the ledger knows nothing of it."""
    path = out / f"gosync-{target.name}-tree.tar.zst"
    keys = [each for path in target.keys for each in read_keys(path)]
    tree = config.tree_path
    with (
        open_site(
            config.site_options(),
            command="gosync bundle create",
            leases=(leases.publish_lease(tree), leases.modules_lease(tree)),
        ) as site,
        progress(show=options.show_progress) as watcher,
        tree_as_folder(tree, config.buckets, watcher) as folder,
    ):
        admitted = admitted_files(site.catalog)
        made = write_tree_archive(folder, path, keys, watcher, admitted=admitted)
    report = TreeArchiveReport(
        archive=str(path.absolute()),
        size_bytes=made.size_bytes,
        sha256=made.sha256,
        files=made.files,
        file_bytes=made.file_bytes,
    )
    lines = [
        str(path),
        f"{made.files} files, {format_size(made.size_bytes)}; read back and compared",
        f"next: inside, tar -xf {path.name} -C FOLDER",
    ]
    options.output.result("bundle create", report, lines)
    return 0


def _target(config: Config, name: str | None, base: str | None) -> TargetSpec:
    targets = config.targets
    if name is None and len(targets) == 1:
        name = next(iter(targets))
    if name is None or name not in targets:
        known = ", ".join(targets) or "none"
        asked = "name a target" if name is None else f"no target {name!r}"
        raise UsageError(
            f"{asked}; configured: {known}",
            hint=_ADD_TARGET,
        )
    spec = targets[name]
    return spec if base is None else replace(spec, sealed_base=base == "sealed")


def _read_need(path: Path) -> NeedFile:
    try:
        with path.open("rb") as file:
            return parse_need(file.read(MAX_NEED_BYTES + 1))
    except OSError as exc:
        raise UsageError(f"{path}: {exc.strerror}") from exc
    except MalformedError as exc:
        raise UsageError(f"{path}: {exc}") from exc


def _alone(created: Created) -> str:
    """Say of how many versions of the selection there is the ``.mod`` alone."""
    chosen = created.selection.chosen
    return alone_text(sum(each.need is Need.MOD for each in chosen), "of these ")


def _lines(created: Created, asked: CreateOptions) -> Iterator[str]:
    header = created.header
    if header is None:
        yield f"nothing new for {asked.target.name}: no bundle"
    else:
        yield str(created.path)
        yield (
            f"{header.kind.value} bundle {header.sequence} for {header.target}:"
            f" {header.carried} of {header.selected} versions travel"
            f"{_alone(created)},"
            f" {format_size(header.size_bytes)} for {format_size(header.zip_bytes)}"
            f" of zips, {tiles_text(header)}{artifacts_text(header.artifacts_carried)},"
            f" {len(header.volumes)} volumes;"
            " read back and proven"
        )
        if not created.signed_by:
            yield (
                "not signed: ssh-keygen -Y sign -n gosync-bundle -f KEY"
                f" {created.path}/bundle.json, or keys = [...] in the [[target]]"
            )
        yield "next: carry the folder; then gosync bundle ack receipt.json"
    yield from shrink_lines(created.shrink)
    for kind, count in created.selection.unread.items():
        yield (
            f"left out: {count} artifacts of kind {kind}, which the gosync"
            " inside does not know"
        )
    yield from withdrawn_lines(created.selection.withdrawn)
    yield from vulnerable_lines(created.vulnerable)
    if created.selection.omitted:
        yield (
            f"left out: {len(created.selection.omitted)} selected versions, of which"
            " the go.mod alone may be in it; --report says why"
        )
