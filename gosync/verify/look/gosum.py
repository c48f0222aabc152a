"""go.sum and go.work.sum: each line against the checksum database.

``go mod verify`` does not do that: it holds the module cache against go.sum, and
takes go.sum at its word.

A folder means both of its files, as go reads both in a workspace. A line that go
could not read is corrupt; what has no such line at all is no go.sum. A hash of an
algorithm yet to come is nobody's to judge. Whether a line is missing cannot be told:
go.sum is no lock file, and go asks the database for what it lacks.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from gosync.errors import MalformedError, UsageError
from gosync.folder.layouts import OWN, TargetKind
from gosync.folder.tree import FileTree
from gosync.folder.walk import Entry, Unread
from gosync.gomod import module
from gosync.gomod.gosum import MAX_GO_SUM_BYTES, GoSum, SumLine, parse_gosum
from gosync.gomod.module import ModuleVersion
from gosync.verify.look.checks import H1, Checked, unverifiable
from gosync.verify.look.permissions import access_finding, access_trouble
from gosync.verify.look.targets import Target
from gosync.verify.prove.answers import ProofAnswer
from gosync.verify.verdicts import CacheFinding, Fix, Verdict

NAMES: Final = ("go.sum", "go.work.sum")
_H1: Final = "h1:"
_SHOWN: Final = 200


class Placed(msgspec.Struct, frozen=True):
    """A line of a go.sum, and where it stands.

    Attributes:
        line: The line.
        where: ``NAME:NUMBER``, the number from 1.
    """

    line: SumLine
    where: str


class SumTarget(Target):
    """The go.sum files of one folder.

    Attributes:
        kind: GO_SUM.
        name: The path of the file, or of their folder.
        tree: The folder.
        files: Their names, in the order of ``NAMES``.
    """

    kind = TargetKind.GO_SUM

    def __init__(self, path: Path) -> None:
        """Read a file, or those of a folder.

        Raises:
            UsageError: if there is none, it cannot be read, or is no go.sum.
        """
        self.name = str(path)
        names = _names_in(path) if path.is_dir() else [path.name]
        self.files = names or [NAMES[0]]
        self.tree = FileTree(path if path.is_dir() else path.parent)
        self._digests: dict[str, bytes] = {}
        self._lines: dict[ModuleVersion, list[Placed]] = {}
        self._odd: list[CacheFinding] = []
        self._unread: list[Unread] = []
        for name in self.files:
            self._read_one(name)

    def _read_one(self, name: str) -> None:
        """Read a file; of two, one that is none leaves the other."""
        try:
            self._read(name)
        except UsageError as exc:
            if len(self.files) == 1:
                raise
            self._unread.append(Unread(name, str(exc)))

    def _read(self, name: str) -> None:
        data = _read(self.tree.root / name)
        self._digests[name] = hashlib.sha256(data).digest()
        rows, broken = _rows(data), []
        for number, row in rows:
            where = f"{name}:{number}"
            try:
                lines = parse_gosum(row).lines
            except MalformedError as exc:
                broken.append(_corrupt(where, exc.reason, row))
                continue
            for line in lines:
                self._sort(Placed(line, where))
        if broken and len(broken) == len(rows):
            raise _no_go_sum(self.tree.root / name, broken[0].reason)
        self._odd += [*broken, *self._access(name)]

    def _access(self, name: str) -> Iterator[CacheFinding]:
        entry = Entry(name, OWN, (self.tree.root / name).lstat())
        root = self.tree.root.stat()
        if reason := access_trouble(entry, root):
            yield access_finding(entry, reason, root)

    def _sort(self, placed: Placed) -> None:
        line = placed.line
        try:
            module.check(line.path, line.version)
        except MalformedError as exc:
            reason = f"it is of no module version: {exc.reason}"
            self._odd.append(_corrupt(placed.where, reason, str(line)))
            return
        mv = line.mv
        self._lines.setdefault(mv, []).append(placed)

    def is_unchanged(self, name: str, data: bytes) -> bool:
        """Return whether a file still has the bytes whose lines were looked at."""
        return hashlib.sha256(data).digest() == self._digests[name]

    def versions(self) -> Mapping[ModuleVersion, int]:
        """See Target."""
        return {
            mv: sum(len(str(each.line)) for each in lines)
            for mv, lines in self._lines.items()
        }

    def unread(self) -> list[Unread]:
        """See Target."""
        return self._unread

    def stamp(self, mv: ModuleVersion) -> str:
        """See Target."""
        text = "\n".join(str(each.line) for each in self._lines[mv])
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]

    def check(self, mv: ModuleVersion, answer: ProofAnswer) -> Checked:
        """See Target."""
        done = Checked(mv, answer)
        for each in self._lines[mv]:
            done.findings += _line_findings(mv, each, answer)
        if not done.findings and answer.cause is not None:
            where = self._lines[mv][0].where
            done.findings.append(unverifiable(mv, where, answer))
        return done

    def rest(self) -> list[CacheFinding]:
        """See Target."""
        return list(self._odd)


def _line_findings(
    mv: ModuleVersion, placed: Placed, answer: ProofAnswer
) -> Iterator[CacheFinding]:
    line = placed.line
    want = answer.mod_h1 if line.is_mod else answer.zip_h1
    if not line.hash.startswith(_H1) or line.hash == want:
        return
    what = "go.mod" if line.is_mod else "zip"
    verdict, reason = Verdict.POLLUTED, f"its {what} is not what the log knows"
    if H1.fullmatch(line.hash) is None:
        verdict, reason = Verdict.CORRUPT, f"its {what} has no h1 there"
    elif not want:
        return
    yield CacheFinding(
        verdict=verdict,
        path=placed.where,
        mv=mv,
        reason=reason,
        expected=want,
        found=line.hash,
        evidence=answer.evidence,
        fix=Fix.REWRITE if want else Fix.DROP,
    )


def _corrupt(where: str, reason: str, row: str | bytes) -> CacheFinding:
    text = row if isinstance(row, str) else row.decode("utf-8", "surrogateescape")
    return CacheFinding(
        verdict=Verdict.CORRUPT,
        path=where,
        reason=reason,
        found=text[:_SHOWN],
        fix=Fix.DROP,
    )


def _names_in(folder: Path) -> list[str]:
    return [name for name in NAMES if os.path.lexists(folder / name)]


def _rows(data: bytes) -> list[tuple[int, bytes]]:
    rows = data.split(b"\n")
    return [(number, row) for number, row in enumerate(rows, 1) if row.strip()]


def read_sums(file: Path) -> GoSum:
    """Return a go.sum that vouches for something.

    Raises:
        UsageError: if it cannot be read, or is no go.sum.
    """
    try:
        return parse_gosum(_read(file))
    except MalformedError as exc:
        raise _no_go_sum(file, str(exc)) from exc


def _read(file: Path) -> bytes:
    """Read a file that somebody named: by links too, but wait for no pipe."""
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as stream:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise UsageError(f"{file}: not a file", hint="name a go.sum")
            data = stream.read(MAX_GO_SUM_BYTES + 1)
    except OSError as exc:
        raise UsageError(f"{file}: {exc.strerror}") from exc
    if len(data) > MAX_GO_SUM_BYTES:
        raise _no_go_sum(file, f"larger than {MAX_GO_SUM_BYTES} bytes")
    return data


def _no_go_sum(file: Path, reason: str) -> UsageError:
    return UsageError(f"{file}: {reason}", hint="is it a go.sum?")
