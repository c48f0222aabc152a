"""``gosync attest``: signed statements of what module versions are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import click
import msgspec

from gosync.catalog.versions import VersionRow
from gosync.cli.arguments import arguments
from gosync.cli.modulepattern import path_filter, path_prefix, pattern_argument
from gosync.cli.options import CommonOptions, common_options, wait_lock_option
from gosync.cli.progress import progress
from gosync.cli.verbs import VerbGroup
from gosync.closure.attested import AttestedState, AttestedVersion, TreeAttestations
from gosync.errors import UsageError
from gosync.gomod.semver import version_key
from gosync.hint import advise, command
from gosync.signing.dsse import MAX_ENVELOPE_BYTES
from gosync.signing.files import read_keys, read_public_keys
from gosync.site.applying import apply_policy
from gosync.site.attestations import (
    StoredAttestations,
    attestation_by,
    keep_attestations,
    known_h1,
)
from gosync.site.site import Site, open_site
from gosync.site.treefolder import tree_as_folder

_FOUND = 4
_ALTERED = 6


class KeptAttestations(msgspec.Struct, frozen=True):
    """What was kept, as JSON.

    Attributes:
        attested: The versions, as MODULE@VERSION.
        fingerprints: The keys that signed them now, by their fingerprints.
    """

    attested: list[str]
    fingerprints: list[str] = []


class AttestedReport(msgspec.Struct, frozen=True):
    """What a tree's attestations say, as JSON.

    Attributes:
        versions: What was looked at.
        signed: How many of them enough keys have signed.
    """

    versions: list[AttestedVersion]
    signed: int


_keys = click.option(
    "--key",
    "keys",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path, exists=True),
    metavar="FILE",
)


@click.group(cls=VerbGroup)
def attest() -> None:
    """Sign what module versions are, and check who did."""


@attest.command()
@pattern_argument
@_keys
@wait_lock_option
@common_options
def sign(
    options: CommonOptions,
    pattern: str | None,
    keys: tuple[Path, ...],
    wait_lock: float,
) -> None:
    """Attest versions with secret keys; PATTERN as in GOPRIVATE, or MODULE@VERSION.

    Also those that wait for a signature, by the h1 that the checksum database has. What
    a key has attested already it does not attest again. Attestations appear in the tree
    and travel in bundles; cosign verifies them as well.
    """
    _parted(pattern)
    secret = [each for path in keys for each in read_keys(path)]
    with _open(options, wait_lock) as site:
        stored = StoredAttestations(site.catalog, site.blobs)
        rows = list(_rows(site, pattern))
        made = (
            attestation_by(key, row)
            for row in rows
            for key in secret
            if not stored.signers(row, [key.public()])
        )
        lacking = (each for each in made if each is not None)
        done: dict[str, None] = {}
        with progress(show=options.show_progress) as watcher:
            watcher.phase("attesting", len(rows) * len(secret))
            for each in keep_attestations(site, lacking):
                watcher.advance()
                done[str(each.attested.mv)] = None
        apply_policy(site)
    fingerprints = [each.public().fingerprint for each in secret]
    report = KeptAttestations(list(done), fingerprints)
    _say(options, "attest sign", report)


@attest.command()
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
)
@wait_lock_option
@common_options
def add(options: CommonOptions, files: tuple[Path, ...], wait_lock: float) -> None:
    """Keep attestations that others made: `cosign attest-blob`, another gosync.

    Whose count is said by policy.require_signature, so anybody's may be kept.
    """
    with _open(options, wait_lock) as site:
        with arguments(
            "want a DSSE envelope, or a sigstore bundle of one, whose predicate is"
            ' {"purl": "pkg:golang/MODULE@VERSION"}, of the type'
            " https://in-toto.io/attestation/release/v0.1"
        ):
            found = list(keep_attestations(site, map(_read, files)))
        apply_policy(site)
    names = list(dict.fromkeys(str(each.attested.mv) for each in found))
    _say(options, "attest add", KeptAttestations(names))


@attest.command()
@pattern_argument
@_keys
@click.option(
    "--tree",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="The tree; default: publish.tree.",
)
@click.option(
    "--threshold",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help="How many of the keys must have signed.",
)
@common_options
def check(
    options: CommonOptions,
    pattern: str | None,
    keys: tuple[Path, ...],
    tree: Path | None,
    threshold: int,
) -> int:
    """Check offline that public keys have signed the zips of a tree.

    Exits 4 where one lacks a signature, 6 where one was signed with another content.
    """
    path, version = _parted(pattern)
    public = read_public_keys(keys)
    if threshold > len(public):
        raise UsageError(f"--threshold {threshold}: only {len(public)} keys are named")
    with _tree(options, tree) as folder:
        looking = TreeAttestations(folder, public, threshold=threshold)
        chosen = looking.versions(path)
        found = [looking.look(e) for e in chosen if version in ("", e.version)]
    signed = sum(each.state is AttestedState.SIGNED for each in found)
    options.output.result("attest check", AttestedReport(found, signed))
    columns = ("module", "version", "state", "signed by")
    options.output.table(columns, map(_cells, found))
    options.output.say(f"{len(found)} versions, {signed} of them signed")
    if not found:
        asked = pattern or tree or options.load_config().tree_path
        raise UsageError(f"{asked}: no such version is in the tree")
    return _exit_code(found)


@contextmanager
def _tree(options: CommonOptions, named: Path | None) -> Iterator[Path]:
    """Yield the folder that was named, or the configured tree's."""
    if named is not None:
        yield named
        return
    config = options.load_config()
    with (
        progress(show=options.show_progress) as watcher,
        tree_as_folder(config.tree_path, config.buckets, watcher) as folder,
    ):
        yield folder


def _exit_code(found: list[AttestedVersion]) -> int:
    states = {each.state for each in found}
    if states & {AttestedState.OTHER, AttestedState.BROKEN}:
        return _ALTERED
    return 0 if states <= {AttestedState.SIGNED} else _FOUND


def _parted(pattern: str | None) -> tuple[str | None, str]:
    """Return the path or glob of a pattern, and its version or ""."""
    path, _, version = (pattern or "").partition("@")
    path_filter(path or None)  # refuses what is neither
    return path or None, version


def _open(options: CommonOptions, wait_lock: float) -> AbstractContextManager[Site]:
    return open_site(
        options.load_config().site_options(),
        command="gosync attest",
        wait_lock_seconds=wait_lock,
    )


def _rows(site: Site, pattern: str | None) -> Iterator[VersionRow]:
    path, version = _parted(pattern)
    is_wanted = path_filter(path)
    chosen = [
        row
        for row in site.catalog.versions.all_rows(path_prefix(path))
        if not row.withdrawn
        and known_h1(row) is not None
        and is_wanted(row.path)
        and version in ("", row.version)
    ]
    if not chosen:
        raise UsageError(
            f"{pattern or 'attest'}: no such version is known here",
            hint=advise("{} shows what is", command("list")),
        )
    return iter(sorted(chosen, key=lambda row: (row.path, version_key(row.version))))


def _read(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(MAX_ENVELOPE_BYTES + 1)


def _say(options: CommonOptions, verb: str, report: KeptAttestations) -> None:
    lines = [f"attested: {each}" for each in report.attested]
    lines.append(
        "trees follow by the next `gosync sync` or `gosync publish`"
        if lines
        else "nothing is new"
    )
    options.output.result(verb, report, lines)


def _cells(found: AttestedVersion) -> tuple[str, ...]:
    return found.module, found.version, found.state.value, ", ".join(found.signed_by)
