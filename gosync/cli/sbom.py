"""``gosync sbom``: what a project, a version, the tree or a bundle is made of."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from gosync.artifact import DOCUMENT
from gosync.cli.arguments import parse_module_version
from gosync.cli.extras import needs_extra
from gosync.cli.options import CommonOptions, common_options
from gosync.clock import SystemClock
from gosync.errors import UsageError
from gosync.hint import advise, command
from gosync.sbom.buildinfo import binary_modules
from gosync.sbom.bundled import document_name
from gosync.sbom.collecting import Collector
from gosync.sbom.components import Contents
from gosync.sbom.formats import writer_of
from gosync.sbom.linked import Linked
from gosync.site.site import read_store
from gosync.store.durable import replace_file

_MAX_BINARY_BYTES = 1 << 30


class SbomReport(msgspec.Struct, frozen=True):
    """What was written.

    Attributes:
        subject: What it is of.
        format: "cyclonedx" or "spdx".
        components: How many it has.
        required: How many of them a build links, as far as that is known.
        unknown_licences: How many have no licence that is known.
        out: The file.
    """

    subject: str
    format: str
    components: int
    required: int
    unknown_licences: int
    out: str


class CarriedSbom(msgspec.Struct, frozen=True):
    """What was written of a bundle that carries an SBOM.

    Attributes:
        format: "cyclonedx" or "spdx".
        out: The file.
    """

    format: str
    out: str


class SbomTarget(msgspec.Struct, frozen=True):
    """The command line's arguments."""

    target: str | None
    tree: bool
    bundle: Path | None
    binary: Path | None


@click.command()
@click.argument("target", metavar="[PROJECT|MODULE@VERSION]", required=False)
@click.option("--tree", is_flag=True, help="Of everything that is carried.")
@click.option(
    "--bundle",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="Of what the bundle in DIR selects: the one that it carries, if it does.",
)
@click.option(
    "--binary",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="The project's binary: what it links is required, all else optional.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["cyclonedx", "spdx"]),
    default="cyclonedx",
    show_default=True,
    help="CycloneDX 1.6 or SPDX 2.3, both JSON.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to write it; default: standard output.",
)
@common_options
def sbom(
    options: CommonOptions,
    target: str | None,
    tree: bool,
    bundle: Path | None,
    binary: Path | None,
    form: str,
    out: Path | None,
) -> None:
    """Write an SBOM of a project, a version, the tree or a bundle.

    A project's components are what `go list -m all` lists; those that a build links are
    marked as required.
    """
    asked = SbomTarget(target, tree, bundle, binary)
    if [target is not None, tree, bundle is not None].count(True) != 1:
        raise UsageError(
            "name one: a PROJECT, a MODULE@VERSION, --tree or --bundle DIR",
            hint=advise("see {}", command("sbom", "--help")),
        )
    if options.output.as_json and out is None:
        raise UsageError("--json needs --out FILE", hint="or leave out --json")
    carried = None if bundle is None else _carried(bundle, form)
    if carried is not None:
        _write_carried(options, carried, form, out)
        return
    with needs_extra("sbom"):
        pieces, contents = _made(options, asked, form)
    if out is None:
        sys.stdout.writelines(pieces)
        return
    data = (piece.encode() for piece in pieces)
    replace_file(out, data, staging=out.absolute().parent, durable=False)
    report = SbomReport(
        str(contents.subject.module),
        form,
        len(contents.components),
        sum(each.is_required is True for each in contents.components),
        sum(each.expression is None for each in contents.components),
        str(out),
    )
    line = f"{report.components} components of {report.subject} are in {out}"
    options.output.result("sbom", report, [line])


def _write_carried(
    options: CommonOptions, text: str, form: str, out: Path | None
) -> None:
    """Write the SBOM of a bundle as it is: its bytes are what was signed."""
    if out is None:
        sys.stdout.write(text)
        return
    replace_file(out, text.encode(), staging=out.absolute().parent, durable=False)
    report = CarriedSbom(form, str(out))
    line = f"the SBOM that the bundle carries is in {out}"
    options.output.result("sbom", report, [line])


def _made(
    options: CommonOptions, asked: SbomTarget, form: str
) -> tuple[Iterator[str], Contents]:
    """Return the document and its contents; imports the library of its format."""
    write = writer_of(form)
    contents = _contents(options, asked)
    return write(contents), contents


def _carried(bundle: Path, form: str) -> str | None:
    """Return the SBOM that travels in a bundle, None where none does."""
    # Reading a bundle takes zstandard.
    from gosync.bundle.read.folder import BundleFolder  # noqa: PLC0415
    from gosync.bundle.read.reader import read_blobs  # noqa: PLC0415

    opened = BundleFolder.open(bundle)
    key = (DOCUMENT, document_name(form))
    found = [each for each in opened.manifest.artifacts if each.key == key]
    for each in found:
        if each.segment is not None:
            for _, pieces in read_blobs(opened, {each.digest}):
                return b"".join(pieces).decode()
    return None


def _contents(options: CommonOptions, asked: SbomTarget) -> Contents:
    site = options.load_config().site_options()
    with read_store(site) as (catalog, blobs), catalog.snapshot():
        collector = Collector(catalog, blobs, now=SystemClock().now())
        if asked.tree:
            return collector.tree()
        if asked.bundle is not None:
            # Reading a bundle takes zstandard.
            from gosync.bundle.read.folder import BundleFolder  # noqa: PLC0415
            from gosync.bundle.read.keptlists import KeptLists  # noqa: PLC0415

            opened = BundleFolder.open(asked.bundle)
            KeptLists(site.store_path).complete([opened])
            if opened.manifest.list_base is not None:
                raise UsageError(
                    f"{asked.bundle}: its list is a difference to that of bundle"
                    f" {opened.manifest.list_base.base[:8]}, which is not here",
                    hint="ask the store that made it, or the site that it is for",
                )
            return collector.bundle(asked.bundle.name, opened.manifest.versions)
        assert asked.target is not None
        folder = Path(asked.target)
        if "@" in asked.target and not folder.is_dir():
            return collector.version(parse_module_version(asked.target))
        linked = None
        if asked.binary is not None:
            linked = Linked(binary_modules(_read(asked.binary)))
        return collector.project(folder, linked=linked)


def _read(binary: Path) -> bytes:
    try:
        with binary.open("rb") as opened:
            return opened.read(_MAX_BINARY_BYTES)
    except OSError as exc:
        raise UsageError(f"{binary}: {exc.strerror}") from exc
