"""What the tree says of one module, and the bytes of its files that are made. Pure.

Values in, bytes out, without a tree or a catalog: a server that has a module's rows can
answer with the same bytes. ``@latest`` has those of its version's ``.info``.

``list`` names the versions carried whole that Go would accept from a list:
no pseudo-versions. It is empty when there are none but pseudo-versions, since
``go`` asks ``@latest`` only after a list that it could read; a module of which
only ``.mod`` files are carried has no list, so that ``go`` may ask elsewhere.

``@latest`` names what ``latest`` means by Go's rule (gomod.latest) among the
tagged versions, else the pseudo-version of the latest commit. Where everything
is retracted it names the version that says so.

Versions in the tree that the store does not know stay as they are (``survey``), and
count for ``list`` and ``@latest`` where all their files are there. What was withdrawn
is named by the page alone.

A commit's aliases are its full hash and the first 12, 10, 8 and 7 digits of it, the
lengths in which hosts of repositories show it. Where an ``.info`` does not tell the
hash, a pseudo-version has 12 digits of it, and then the full hash has no alias: a
static tree cannot answer what it does not know. Several versions of one commit make
one alias, of the highest tagged version, else of the highest pseudo-version. Digits
that begin two carried commits make none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property

import msgspec

from gosync.catalog.versions import Need, Proof, VersionRow
from gosync.catalog.withdrawn import Withdrawal
from gosync.errors import MalformedError
from gosync.folder.routes import ModuleRoutes, VersionRoutes, of_module
from gosync.gomod import pseudo, semver
from gosync.gomod.info import VersionInfo, format_info
from gosync.gomod.latest import GoModFacts, latest_of
from gosync.gomod.modfile import Retraction
from gosync.gomod.versionlist import format_list
from gosync.publish.knownvulns import KnownVuln, digest_vulns
from gosync.sumdb.record import format_record

# As Go and Mercurial, Gitea, GitLab, and git and GitHub show them.
_SHORT_LENGTHS = (12, 10, 8, 7)
_IN_PSEUDO = 12  # digits of a commit's hash in a pseudo-version


class Carried(msgspec.Struct, frozen=True):
    """One version in the tree.

    Attributes:
        row: What the catalog knows of it.
        at: Where its files lie.
        whole: Whether all three files are there, not the ``.mod`` alone.
        is_pseudo: Whether it is a pseudo-version.
    """

    row: VersionRow
    at: VersionRoutes
    whole: bool
    is_pseudo: bool


class Kept(msgspec.Struct, frozen=True):
    """A version in the tree of which the store does not know why it is there.

    Attributes:
        version: The version.
        names: The names in ``@v`` that stay, aliases of its commit too.
        whole: Whether all three files are there.
        lookup: Its lookup, below a database's folder; "" if it can have none.
    """

    version: str
    names: frozenset[str]
    whole: bool
    lookup: str


class ModuleContents(msgspec.Struct, frozen=True, dict=True):
    """What the tree says of one module.

    Attributes:
        at: Where its files lie.
        versions: What is carried, in ascending order of versions.
        refused: Versions that cannot have files, with the reason.
        listed: The versions that ``list`` names.
        has_list: Whether there is a list at all.
        latest: The version that ``@latest`` names, or None.
        kept: What is in the tree and not known to the store.
        withdrawn: What nobody is to be given any more.
        retracted: What its author takes back, by the highest version's ``.mod``.
        vulns: What is known to affect versions that are carried whole.
    """

    at: ModuleRoutes
    versions: tuple[Carried, ...]
    refused: tuple[tuple[str, str], ...]
    listed: tuple[str, ...]
    has_list: bool
    latest: Carried | None
    kept: tuple[Kept, ...] = ()
    withdrawn: tuple[Withdrawal, ...] = ()
    retracted: tuple[Retraction, ...] = ()
    vulns: tuple[KnownVuln, ...] = ()

    @property
    def list_bytes(self) -> bytes:
        """The list's bytes."""
        return format_list(self.listed)

    def aliases(self) -> dict[str, Carried]:
        """Return the version that each commit's alias names, by its path."""
        return self._aliases

    @cached_property
    def _aliases(self) -> dict[str, Carried]:
        return _aliases(self.at, (v for v in self.versions if v.whole))


def _none_known(_: str, __: Iterable[str]) -> tuple[KnownVuln, ...]:
    """Tell of no vulnerability: there is no database."""
    return ()


def contents_of(
    path: str,
    rows: Iterable[VersionRow],
    *,
    read_facts: Callable[[VersionRow], GoModFacts],
    kept: Iterable[Kept] = (),
    withdrawn: Iterable[Withdrawal] = (),
    read_vulns: Callable[[str, Iterable[str]], tuple[KnownVuln, ...]] = _none_known,
) -> ModuleContents:
    """Return what the tree says of a module that the catalog has these rows of.

    Args:
        path: The module path.
        rows: Its rows; those that are not published are left out.
        read_facts: Reads a carried version's ``.mod``; asked of the few
            versions that decide what ``@latest`` names.
        kept: What the tree has of it that no row explains.
        withdrawn: Its versions that were withdrawn.
        read_vulns: Tells what is known to affect versions of a module.

    Raises:
        MalformedError: if the module itself can have no folder.
    """
    at = of_module(path)
    versions: list[Carried] = []
    refused: list[tuple[str, str]] = []
    for row in sorted(rows, key=lambda row: semver.version_key(row.version)):
        if row.published is not None:
            try:
                versions.append(_carried(at, row))
            except MalformedError as exc:
                refused.append((row.version, exc.reason))
    kept = tuple(kept)
    whole = [version for version in versions if version.whole]
    whole += (_as_carried(at, each) for each in kept if each.whole)
    whole.sort(key=lambda v: semver.version_key(v.row.version))
    latest, retracted = _latest(whole, read_facts)
    return ModuleContents(
        at=at,
        versions=tuple(versions),
        refused=tuple(refused),
        listed=tuple(v.row.version for v in whole if not v.is_pseudo),
        has_list=bool(whole),
        latest=latest,
        kept=kept,
        withdrawn=tuple(withdrawn),
        retracted=retracted,
        vulns=read_vulns(path, [v.row.version for v in versions if v.whole]),
    )


def has_record(row: VersionRow) -> bool:
    """Return whether the row has a record that clients may look up."""
    return row.proof is Proof.SUMDB and row.record_text is not None


def lookup_bytes(row: VersionRow, note: bytes) -> bytes:
    """Return the lookup of a row that has a record.

    Args:
        row: The row.
        note: The signed note of any tree head that has the record.
    """
    assert row.record_id is not None
    assert row.record_text is not None
    return format_record(row.record_id, row.record_text) + note


def bare_info(version: str) -> bytes:
    """Return the ``.info`` of a version of which upstream's was not fetched."""
    return format_info(VersionInfo(version))


def _carried(at: ModuleRoutes, row: VersionRow) -> Carried:
    return Carried(
        row,
        at.of_version(row.version),
        whole=row.published is Need.ZIP,
        is_pseudo=pseudo.is_pseudo_version(row.version),
    )


def _as_carried(at: ModuleRoutes, kept: Kept) -> Carried:
    """Return what is kept like what is carried; its row has no blobs."""
    return Carried(
        VersionRow(at.path, kept.version),
        at.of_version(kept.version),
        whole=True,
        is_pseudo=pseudo.is_pseudo_version(kept.version),
    )


def _latest(
    whole: list[Carried], read_facts: Callable[[VersionRow], GoModFacts]
) -> tuple[Carried | None, tuple[Retraction, ...]]:
    carried = {v.row.version: v for v in whole}
    tagged = [v.row.version for v in whole if not v.is_pseudo]
    found = latest_of(tagged, lambda version: read_facts(carried[version].row))
    commits = [v.row.version for v in whole if v.is_pseudo]
    best = found.or_unlisted(max(commits, key=_commit_key, default=None))
    return None if best is None else carried[best], found.facts.retracted


def _commit_key(version: str) -> tuple[str, semver.VersionKey]:
    try:
        moment = pseudo.pseudo_version_time(version).isoformat()
    except MalformedError:  # digits that are no time: before every commit
        moment = ""
    return moment, semver.version_key(version)


def _aliases(at: ModuleRoutes, whole: Iterable[Carried]) -> dict[str, Carried]:
    commits: dict[str, Carried] = {}
    for version in sorted(whole, key=lambda v: not v.is_pseudo):  # tagged ones last
        commit = _commit_of(at, version)
        if commit:
            commits[commit] = version
    commits = _without_beginnings(commits)
    aliases: dict[str, Carried] = {}
    for length in _SHORT_LENGTHS:
        groups: dict[str, list[Carried]] = {}
        for commit, version in commits.items():
            groups.setdefault(commit[:length], []).append(version)
        aliases |= {
            short: found[0] for short, found in groups.items() if len(found) < 2
        }
    return {
        path: version
        for revision, version in sorted({**aliases, **commits}.items())
        if (path := _alias_path(at, revision))
    }


def _commit_of(at: ModuleRoutes, version: Carried) -> str:
    """Return the commit of a version, or the part that a pseudo-version has; or "".

    An ``.info`` may say anything: what is no hash is as if it said nothing.
    """
    said = version.row.commit_hash or ""
    if _alias_path(at, said):
        return said
    rev = pseudo.pseudo_version_rev(version.row.version) if version.is_pseudo else ""
    return rev if _alias_path(at, rev) else ""


def _without_beginnings(commits: dict[str, Carried]) -> dict[str, Carried]:
    """Let a commit of which only the beginning is known be the one it begins."""
    whole = {each[:_IN_PSEUDO] for each in commits if len(each) > _IN_PSEUDO}
    return {
        commit: version
        for commit, version in commits.items()
        if len(commit) > _IN_PSEUDO or commit[:_IN_PSEUDO] not in whole
    }


def _alias_path(at: ModuleRoutes, revision: str) -> str | None:
    """Return where an alias lies, or None for what is no git or hg hash."""
    try:
        return at.alias(revision)
    except MalformedError:
        return None


def digest_lines(contents: ModuleContents) -> bytes:
    """Return a line for each version of a module that changes when it does.

    And one for what is known to affect them, where anything is.
    """
    rows = (version.row for version in contents.versions)
    vulns = digest_vulns(contents.vulns)
    lines = "".join(
        f"{row.path}@{row.version} {row.info_digest} {row.mod_digest}"
        f" {None if row.denied else row.zip_digest} {row.record_id}\n"
        for row in rows
    )
    return f"{lines}{f'vulns {vulns}{chr(10)}' if vulns else ''}".encode()
