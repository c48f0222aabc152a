"""Checks of a module version's files against their proven hashes.

Beyond the two ``h1:`` that an answer has: a zip obeys the rules of module zips, a
``.mod`` is the go.mod of its zip, an ``.info`` is what Go would read and names its
version (and, for a pseudo-version, the commit in its name; else the commit that it
was when it was stored), a ``.ziphash`` and an extracted folder are those of the
zip. What nobody vouches for is held against itself in the same way.

A ``.mod`` that the log does not know is polluted, unless it is the beginning of the
proven one: then it was cut off, and is corrupt. Of a zip that can be read to its
end the h1 decides; one that cannot is corrupt.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from gosync.errors import MalformedError, RejectedError
from gosync.folder.layouts import FILES, Layout, Part, Role
from gosync.folder.tree import (
    DamagedFileError,
    FileTree,
    NotInTreeError,
    UnreadableFileError,
)
from gosync.folder.walk import Entry
from gosync.gomod.dirhash import ZipScan, hash_go_mod, scan_zip
from gosync.gomod.filekind import FileKind
from gosync.gomod.info import MAX_INFO_BYTES, parse_info
from gosync.gomod.modfile import MAX_GO_MOD_BYTES, parse_lax, synthesize
from gosync.gomod.module import ModuleVersion
from gosync.gomod.pseudo import is_pseudo_version, pseudo_version_rev
from gosync.gomod.seen import SeenEntries
from gosync.verify.look.compared import NONE_SAME, Same, comparing
from gosync.verify.look.extracted import hash_folder
from gosync.verify.look.permissions import access_finding, access_trouble, is_borrowed
from gosync.verify.prove.answers import ProofAnswer
from gosync.verify.verdicts import CacheFinding, Cause, Fix, Verdict

if TYPE_CHECKING:
    from gosync.gomod.window import ReadAt

_MAX_ZIPHASH_BYTES: Final = 4096
H1: Final = re.compile("h1:[A-Za-z0-9+/]{43}=")


class Checked(msgspec.Struct):
    """The result for one version.

    Attributes:
        mv: The version.
        answer: What was known of it.
        findings: What is not as it should be; empty for one that is proven.
        read_bytes: How much was read.
    """

    mv: ModuleVersion
    answer: ProofAnswer
    findings: list[CacheFinding] = msgspec.field(default_factory=list)
    read_bytes: int = 0


class Checker:
    """Checks versions of one target; many threads may share one."""

    def __init__(
        self,
        tree: FileTree,
        layout: Layout,
        seen: SeenEntries,
        root: os.stat_result | None = None,
    ) -> None:
        """Take the target.

        Args:
            tree: Its files.
            layout: Their names.
            seen: A memory of zip entries.
            root: What the system says of its root; None to ask.
        """
        self._tree = tree
        self._layout = layout
        self._seen = seen
        self._root = root or tree.root.stat()

    def check(
        self, mv: ModuleVersion, entries: Mapping[Part, Entry], answer: ProofAnswer
    ) -> Checked:
        """Check what is there of one version."""
        check = _Check(self._tree, mv, entries, answer, self._seen, self._root)
        with self._tree.near(_folder_of(entries)):
            check.run()
        done = check.done
        done.findings += self._access(entries, done)
        done.findings += self._lacking(mv, entries, check.zip_h1)
        if not done.findings and answer.cause is not None:
            path = next(iter(entries.values())).path
            done.findings.append(unverifiable(mv, path, answer))
        return done

    def _lacking(
        self, mv: ModuleVersion, entries: Mapping[Part, Entry], zip_h1: str
    ) -> list[CacheFinding]:
        roles = entries.keys()
        found = []
        if Role.PARTIAL in roles:
            found.append(_partial(mv, entries[Role.PARTIAL]))
        for role in self._layout.lacks(mv, roles):
            is_ziphash = role is Role.ZIPHASH
            found.append(
                CacheFinding(
                    verdict=Verdict.INCOMPLETE,
                    path=self._layout.path_of(mv, role),
                    mv=mv,
                    reason=_missing_because(roles),
                    expected=zip_h1 if is_ziphash else "",
                    fix=Fix.REWRITE if is_ziphash else Fix.FETCH,
                )
            )
        return found

    def _access(
        self, entries: Mapping[Part, Entry], done: Checked
    ) -> list[CacheFinding]:
        bad = {each.path for each in done.findings}
        proven: dict[Part, str] = {
            FileKind.ZIP: done.answer.zip_h1,
            FileKind.MOD: done.answer.mod_h1,
        }
        found = []
        for role, entry in entries.items():
            reason = access_trouble(entry, self._root)
            if entry.path not in bad and reason:
                is_public = bool(proven.get(role))
                found.append(
                    access_finding(entry, reason, self._root, is_public=is_public)
                )
        return found


def _folder_of(entries: Mapping[Part, Entry]) -> str:
    """Return the folder that most files of a version are in."""
    paths = (entries[role].path for role in FILES if role in entries)
    return next(paths, "").rpartition("/")[0]


class _Check:
    """One version while it is checked."""

    def __init__(
        self,
        tree: FileTree,
        mv: ModuleVersion,
        entries: Mapping[Part, Entry],
        answer: ProofAnswer,
        seen: SeenEntries,
        root: os.stat_result,
    ) -> None:
        self.done = Checked(mv, answer)
        self._tree = tree
        self._mv = mv
        self._entries = entries
        self._answer = answer
        self._seen = seen
        self._root = root
        self._scan: ZipScan | None = None
        self.zip_h1 = answer.zip_h1
        self._mod: bytes | None = None
        self._same: Same = NONE_SAME

    def run(self) -> None:
        """Look at each file, the zip first: others are held against it."""
        checks: dict[Part, Callable[[str], None]] = {
            FileKind.ZIP: self._check_zip,
            FileKind.MOD: self._check_mod,
            FileKind.INFO: self._check_info,
            Role.ZIPHASH: self._check_ziphash,
            Role.EXTRACTED: self._check_extracted,
        }
        for role, check in checks.items():
            if role in self._entries:
                self._guard(self._entries[role], check)

    def _guard(self, entry: Entry, check: Callable[[str], None]) -> None:
        path = entry.path
        try:
            if entry.place.role in FILES:
                self._tree.require(path)
            check(path)
        except NotInTreeError:
            self._add(Verdict.INCOMPLETE, path, "went away while it was looked at")
        except UnreadableFileError as exc:
            self._unreadable(path, exc.reason)
        except DamagedFileError as exc:
            self._add(Verdict.CORRUPT, path, _below(exc, path))
        except RejectedError as exc:
            reason = exc.reason if isinstance(exc, MalformedError) else str(exc)
            self._add(Verdict.CORRUPT, path, reason)

    def _check_zip(self, path: str) -> None:
        with self._tree.open(path) as (read_at, size_bytes):
            self.done.read_bytes += size_bytes
            scan = self._scan_zip(read_at, size_bytes)
        if self._differs(path, self._answer.zip_h1, scan.h1):
            return
        scan.checked.require_ok(str(self._mv))
        self._scan, self.zip_h1 = scan, scan.h1

    def _scan_zip(self, read_at: ReadAt, size_bytes: int) -> ZipScan:
        """Scan the zip; what was extracted from it is compared with it meanwhile."""
        folder = self._entries.get(Role.EXTRACTED)
        if folder is None or Role.PARTIAL in self._entries:
            return scan_zip(read_at, size_bytes, self._mv, seen=self._seen)
        with comparing(self._tree, folder.path, self._mv) as sink:
            self._same = sink.same
            return scan_zip(read_at, size_bytes, self._mv, seen=self._seen, sink=sink)

    def _check_mod(self, path: str) -> None:
        data = self._tree.read(path, limit_bytes=MAX_GO_MOD_BYTES)
        self.done.read_bytes += len(data)
        h1, inside = hash_go_mod(data), self._inside()
        if self._answer.mod_h1 and h1 != self._answer.mod_h1:
            if inside is not None and inside.startswith(data):
                reason = f"cut off after {len(data)} of {len(inside)} bytes"
                self._add(Verdict.CORRUPT, path, reason, self._answer.mod_h1, h1)
                return
            self._differs(path, self._answer.mod_h1, h1)
            return
        if self._answer.mod_h1 and self._answer.by_record:
            return  # however odd, it is what everybody gets
        parse_lax(data)
        if inside is not None and inside != data:
            reason = "it is not the go.mod of its zip"
            self._add(Verdict.CORRUPT, path, reason, hash_go_mod(inside), h1)

    def _inside(self) -> bytes | None:
        """Return the go.mod that a good zip demands, None if it leaves it open."""
        if self._scan is None:
            return None
        if self._scan.go_mod is None and not self._answer.mod_h1:
            return synthesize(self._mv.path)
        return self._scan.go_mod

    def _check_info(self, path: str) -> None:
        data = self._tree.read(path, limit_bytes=MAX_INFO_BYTES)
        info = parse_info(data)
        if info.version != self._mv.version:
            reason = "it is of another version"
            self._add(Verdict.CORRUPT, path, reason, self._mv.version, info.version)
            return
        commit = info.origin.hash if info.origin else ""
        self._check_commit(path, commit)

    def _check_commit(self, path: str, commit: str) -> None:
        if not commit:
            return
        if is_pseudo_version(self._mv.version):
            rev = pseudo_version_rev(self._mv.version)
            if not commit.startswith(rev):
                reason = "it names another commit than its version does"
                self._add(Verdict.CORRUPT, path, reason, rev, commit)
        elif self._answer.commit and commit != self._answer.commit:
            reason = "it names another commit than when the version was stored"
            self._add(Verdict.STALE, path, reason, self._answer.commit, commit)

    def _check_ziphash(self, path: str) -> None:
        data = self._tree.read(path, limit_bytes=_MAX_ZIPHASH_BYTES)
        h1 = data.decode("utf-8", "replace").strip()
        if not H1.fullmatch(h1):
            self._add(Verdict.CORRUPT, path, "holds no h1", self.zip_h1, h1[:80])
        else:
            self._differs(path, self.zip_h1, h1)

    def _check_extracted(self, path: str) -> None:
        if Role.PARTIAL in self._entries:
            return  # go makes it anew
        found = hash_folder(self._tree, path, self._mv, self._same)
        self.done.read_bytes += found.size_bytes
        if self._differs(path, self.zip_h1, found.h1):
            return
        troubles = ((e.path, access_trouble(e, self._root)) for e in found.entries)
        odd = [f"{name}: {reason}" for name, reason in troubles if reason]
        if odd:
            more = f"; and {len(odd) - 1} more" if len(odd) > 1 else ""
            entry = self._entries[Role.EXTRACTED]
            finding = access_finding(entry, odd[0] + more, self._root)
            borrowed = (is_borrowed(each, self._root) for each in found.entries)
            if not self.zip_h1 and any(borrowed):
                finding = replace(finding, fix=Fix.NOTHING)
            self.done.findings.append(finding)

    def _differs(self, path: str, want: str, got: str) -> bool:
        """Add a finding if an h1 is not the one that is wanted, if one is."""
        if not want or want == got:
            return False
        by_log = want in {self._answer.zip_h1, self._answer.mod_h1}
        verdict = Verdict.POLLUTED if by_log else Verdict.CORRUPT
        reason = "it is not what the log knows"
        if not by_log:
            reason = "it is not of the zip beside it"
        elif not self._answer.by_record:
            reason = "it is not what was vouched for"
        self._add(verdict, path, reason, want, got)
        return True

    def _add(
        self, verdict: Verdict, path: str, reason: str, want: str = "", got: str = ""
    ) -> None:
        role_want = want or self._wanted(path)
        finding = CacheFinding(
            verdict=verdict,
            path=path,
            mv=self._mv,
            reason=reason,
            expected=role_want,
            found=got,
            evidence=self._answer.evidence,
            fix=self._fix_of(path),
        )
        self.done.findings.append(finding)

    def _wanted(self, path: str) -> str:
        """Return the h1 that a file would have, if it has one."""
        wanted = {
            FileKind.ZIP: self._answer.zip_h1,
            FileKind.MOD: self._answer.mod_h1,
            Role.ZIPHASH: self.zip_h1,
            Role.EXTRACTED: self.zip_h1,
        }
        return wanted.get(self._role_of(path), "")

    def _role_of(self, path: str) -> Part:
        return next(r for r, each in self._entries.items() if each.path == path)

    def _fix_of(self, path: str) -> Fix:
        derived = self._role_of(path) in {
            Role.ZIPHASH,
            Role.EXTRACTED,
        }  # go makes them anew
        return Fix.REWRITE if derived else Fix.FETCH

    def _unreadable(self, path: str, reason: str) -> None:
        self.done.findings.append(
            CacheFinding(
                verdict=Verdict.UNVERIFIABLE,
                path=path,
                mv=self._mv,
                reason=reason,
                cause=Cause.UNREADABLE,
            )
        )


def unverifiable(mv: ModuleVersion, path: str, answer: ProofAnswer) -> CacheFinding:
    """Return the finding of a version that nobody vouches for."""
    return CacheFinding(
        verdict=Verdict.UNVERIFIABLE,
        path=path,
        mv=mv,
        reason=answer.reason,
        cause=answer.cause,
        failure_class=answer.failure_class,
    )


def _below(error: DamagedFileError, path: str) -> str:
    """Return a reason, with the file where it is one in a folder."""
    if error.path == path:
        return error.reason
    return f"{error.path.removeprefix(path + '/')} {error.reason}"


def _partial(mv: ModuleVersion, entry: Entry) -> CacheFinding:
    return CacheFinding(
        verdict=Verdict.INCOMPLETE,
        path=entry.path,
        mv=mv,
        reason="its folder was never extracted to the end",
        fix=Fix.DROP,
    )


def _missing_because(roles: Collection[Part]) -> str:
    there = sorted(role.value for role in roles if role in FILES)
    if not there and Role.EXTRACTED in roles:
        return "missing, though there is its extracted folder"
    if not there:
        return "missing, with all that its folder should have"
    return f"missing, though there is {' and '.join(there)}"
