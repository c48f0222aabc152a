"""``gosync bundle inspect`` and ``verify``: without store, configuration, network."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import click
from msgspec.structs import asdict

from gosync.bundle.format.manifest import Segment
from gosync.bundle.read.documents import (
    CarriedVersion,
    ListReport,
    VerifiedBundle,
    WholeBundleReport,
    inspected,
    shrink_lines,
    write_report,
)
from gosync.bundle.read.folder import BundleFolder, blaming
from gosync.bundle.read.logproof import LogProof, prove_log
from gosync.bundle.read.proving import Proven, prove_bundle
from gosync.bundle.read.treebase import TreeBase
from gosync.catalog.versions import Need, Proof
from gosync.cli.bundle_lines import (
    skipped_lines,
    tiles_text,
    withdrawn_lines,
)
from gosync.cli.options import CommonOptions, common_options
from gosync.cli.progress import progress
from gosync.cli.tables import alone_text
from gosync.config.sizes import format_size
from gosync.errors import MalformedError, UsageError
from gosync.signing.files import read_trust
from gosync.signing.trust import SignedBy, check_signatures
from gosync.store.scratch import ScratchFolder
from gosync.sumdb.names import Database, parse_gosumdb
from gosync.sumdb.treehead import open_head
from gosync.text import printable

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)
_SHOWN = 100


@click.command()
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.option("--versions", is_flag=True, help="Show every version of the selection.")
@click.option(
    "--report", type=_FILE, metavar="FILE", help="Write what is told there, as JSON."
)
@common_options
def inspect(
    options: CommonOptions, folder: Path, versions: bool, report: Path | None
) -> None:
    """Show what the bundle in DIR says of itself.

    Only its header and manifest are read, and held against each other. Needs no
    store and no configuration.
    """
    with blaming(folder):
        opened = BundleFolder.open(folder)
        signatures = list(opened.signatures)
        told = inspected(opened, signatures)
    if versions:
        every = [_version(opened, number) for number in _numbers(opened)]
        told = WholeBundleReport(**asdict(told), versions=every)
    if report is not None:
        write_report(report, told)
    options.output.result("bundle inspect", told, _lines(opened, signatures))
    if versions:
        rows = (_cells(opened, number) for number in _numbers(opened))
        options.output.table(("version", "carried", "travels", "against"), rows)


@click.command()
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.option(
    "--trust",
    "trust_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Whose signatures count: a trust file, or a folder of *.pub. Without it none"
    " is checked.",
)
@click.option(
    "--sumdb",
    metavar="NAME|KEY",
    help="The checksum database whose key must have signed the tree head.",
)
@click.option(
    "--base",
    "tree",
    type=_FOLDER,
    metavar="TREE",
    help="A published tree with what the bundle builds on: that of the site it is for,"
    " or the one it was made from.",
)
@click.option(
    "--report", type=_FILE, metavar="FILE", help="Write the evidence there, as JSON."
)
@common_options
def verify(
    options: CommonOptions,
    folder: Path,
    trust_file: Path | None,
    sumdb: str | None,
    tree: Path | None,
    report: Path | None,
) -> None:
    """Prove the bundle in DIR: every byte of it is read.

    Signatures, files, records, recipes, contents and tiles are held against each
    other. Patches, and some tiles, need what came with earlier bundles: with --base
    all is proven, without it the rest is counted. Needs no store and no configuration.
    """
    base = None if tree is None else TreeBase(tree)
    with (
        blaming(folder),
        tempfile.TemporaryDirectory(prefix="gosync-verify-") as name,
        progress(show=options.show_progress) as watcher,
    ):
        opened = BundleFolder.open(folder)
        signed_by = _check_trust(opened, trust_file)
        head_proven = _check_head(opened, sumdb)
        scratch = ScratchFolder(Path(name))
        proven = prove_bundle(opened, scratch=scratch, bases=base, progress=watcher)
        log = prove_log(opened, scratch=scratch, base=base)
    told = VerifiedBundle(
        **asdict(inspected(opened, list(opened.signatures))),
        signed_by=signed_by,
        head_proven=head_proven,
        proven=proven,
        log=log,
    )
    if report is not None:
        write_report(report, told)
    lines = chain(
        _proven_lines(opened, proven, log),
        _signer_lines(opened, signed_by, head_proven=head_proven),
    )
    options.output.result("bundle verify", told, lines)


def _check_trust(
    folder: BundleFolder, trust_file: Path | None
) -> tuple[SignedBy, ...] | None:
    if trust_file is None:
        return None
    trust = read_trust(trust_file)
    return check_signatures(
        folder.header_bytes,
        folder.signatures,
        trust,
        at=folder.header.created_at,
        target=folder.header.target,
    )


def _check_head(folder: BundleFolder, sumdb: str | None) -> bool:
    """Return whether the database's key signed the head, once it is known."""
    head = folder.header.sumdb
    if head is None:
        return False
    database = _database(head.name, sumdb)
    if database is None:
        return False
    open_head(head.note.encode(), database.verifier())
    return True


def _database(name: str, sumdb: str | None) -> Database | None:
    """Return the database that is asked for, or the well-known one of that name."""
    try:
        return parse_gosumdb(sumdb or name)
    except MalformedError as exc:
        if sumdb is None:
            return None
        raise UsageError(
            f"--sumdb: {exc}", hint="NAME, or NAME+HASH+KEY, as in GOSUMDB"
        ) from exc


def _lines(folder: BundleFolder, signatures: list[str]) -> Iterator[str]:
    header = folder.header
    yield f"{header.kind.value} bundle {header.sequence} for {header.target}"
    yield f"  id         {folder.id}"
    yield f"  base       {header.base or '-'}"
    by = printable(header.gosync)
    yield f"  created    {printable(header.created)} by gosync {by}"
    manifest = folder.manifest
    go_mods = sum(each.need is Need.MOD for each in manifest.versions)
    alone = alone_text(go_mods, "of these ") if manifest.list_base is None else ""
    yield f"  versions   {header.selected} selected{alone}, {header.carried} travel,"
    yield f"             {header.patched} of them as patches"
    yield from _list_lines(folder)
    yield (
        f"  size       {format_size(header.size_bytes)} in {len(header.volumes)}"
        f" volumes, for {format_size(header.zip_bytes)} of zips"
    )
    if header.sumdb is not None:
        yield (
            f"  sumdb      {printable(header.sumdb.name)}, {header.sumdb.size} records,"
            f" {tiles_text(header)}"
        )
    if header.artifacts:
        yield f"  artifacts  {header.artifacts}, {header.artifacts_carried} travel"
    yield from (f"  {line}" for line in skipped_lines(folder.manifest.artifacts))
    yield from (f"  {line}" for line in shrink_lines(folder.manifest.shrink))
    yield f"  signatures {', '.join(signatures) or 'none'}"
    yield from (f"  {line}" for line in withdrawn_lines(folder.manifest.withdrawn))
    omitted = folder.manifest.omitted
    if omitted:
        yield f"  omitted    {len(omitted)}"
    for each in omitted[:_SHOWN]:
        yield f"    {each.path}@{each.version}: {printable(each.reason)}"
    if len(omitted) > _SHOWN:
        yield f"    ... and {len(omitted) - _SHOWN} more; --json shows all"


def _list_lines(folder: BundleFolder) -> Iterator[str]:
    """Say of a list that it is not whole here."""
    listed = ListReport.of(folder.manifest)
    if listed is not None:
        yield (
            f"  list       a difference to that of bundle {listed.base[:8]}:"
            f" {listed.told} versions are told, {listed.gone} gone"
        )


def _proven_lines(
    folder: BundleFolder, proven: Proven, log: LogProof | None
) -> Iterator[str]:
    """Say what is proven, and what cannot be from the bundle alone."""
    header = folder.header
    yield (
        f"{header.kind.value} bundle {header.sequence} for {header.target} is whole:"
        f" {proven.versions} versions, {proven.files} contents,"
        f" {format_size(proven.file_bytes)}, {proven.tiles} tiles"
    )
    if proven.patches:
        yield (
            f"not proven: {proven.patches} versions are patches against what the"
            " receiver has, of them the bytes alone; --base TREE proves them"
        )
    if log is not None:
        yield (
            f"{log.records_proven} of {log.records} records and {log.tiles_proven} of"
            f" {log.tiles} tiles lead to the bundle's tree head"
        )
        if (log.records, log.tiles) != (log.records_proven, log.tiles_proven):
            yield (
                "not proven: the others lead there by tiles that the receiver has;"
                " --base TREE proves them"
            )
    unvouched = sum(e.proof is not Proof.SUMDB for e in folder.manifest.travelling())
    if unvouched:
        yield f"{unvouched} versions have no record: for them the packer alone vouches"


def _signer_lines(
    folder: BundleFolder, signed_by: tuple[SignedBy, ...] | None, *, head_proven: bool
) -> Iterator[str]:
    if signed_by is None:
        yield "signatures not checked: name whose count with --trust FILE"
    for signed in signed_by or ():
        yield f"signed by {printable(signed.name)}, {signed.fingerprint}"
    head = folder.header.sumdb
    if head is not None:
        name = printable(head.name)
        state = f"signed by {name}" if head_proven else "not checked: --sumdb KEY"
        yield f"tree head of {head.size} records {state}"


def _numbers(folder: BundleFolder) -> range:
    return range(len(folder.manifest.versions))


def _version(folder: BundleFolder, number: int) -> CarriedVersion:
    entry = folder.manifest.versions[number]
    segment = _segment(folder, number)
    base = segment.base if segment is not None else None
    return CarriedVersion(
        path=entry.path,
        version=entry.version,
        need=entry.need,
        mod_h1=entry.mod_h1,
        zip_h1=entry.zip_h1,
        proof=entry.proof,
        volume=segment.volume if segment is not None else None,
        base=base.version if base is not None else None,
    )


def _cells(folder: BundleFolder, number: int) -> tuple[str, ...]:
    entry = folder.manifest.versions[number]
    segment = _segment(folder, number)
    base = segment.base if segment is not None else None
    travels = f"volume {segment.volume}" if segment is not None else "-"
    against = base.version if base is not None else "-"
    return (f"{entry.path}@{entry.version}", entry.need.value, travels, against)


def _segment(folder: BundleFolder, number: int) -> Segment | None:
    entry = folder.manifest.versions[number]
    if entry.segment is None:
        return None
    return folder.manifest.segments[entry.segment]
