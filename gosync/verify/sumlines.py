"""go.sum and go.work.sum: each line against the checksum database.

``go mod verify`` does not do that: it holds the module cache against go.sum, and
takes go.sum at its word.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from gosync.errors import MalformedError, UsageError
from gosync.gomod import module
from gosync.gomod.gosum import MAX_GO_SUM_BYTES, GoSum, SumLine, parse_gosum
from gosync.gomod.module import ModuleVersion
from gosync.verify.answers import Answer
from gosync.verify.checks import Checked, unverifiable
from gosync.verify.layouts import Kind
from gosync.verify.verdicts import Finding, Fix, Verdict
from gosync.verify.walk import Unread

NAMES: Final = ("go.sum", "go.work.sum")
_H1: Final = "h1:"


class SumTarget:
    """One go.sum file.

    Attributes:
        kind: GO_SUM.
        name: Its path.
        file: The file.
        sums: Its lines.
        is_still: Yes, once it is read.
    """

    kind = Kind.GO_SUM
    is_still = True

    def __init__(self, file: Path) -> None:
        """Read a file.

        Raises:
            UsageError: if it cannot be read, or is no go.sum.
        """
        self.file = file
        self.name = str(file)
        self.sums, numbers = read_sums(file)
        self._lines: dict[ModuleVersion, list[SumLine]] = {}
        self._odd: list[Finding] = []
        self._numbers = numbers
        for line in self.sums.lines:
            self._sort(line)

    def _sort(self, line: SumLine) -> None:
        try:
            module.check(line.path, line.version)
        except MalformedError as exc:
            self._odd.append(
                Finding(
                    verdict=Verdict.CORRUPT,
                    path=self._where(line),
                    reason=f"it is of no module version: {exc.reason}",
                    found=str(line),
                    fix=Fix.DROP,
                )
            )
            return
        mv = ModuleVersion(line.path, line.version)
        self._lines.setdefault(mv, []).append(line)

    def versions(self) -> Mapping[ModuleVersion, int]:
        """See Target."""
        return {
            mv: sum(len(str(line)) for line in lines)
            for mv, lines in self._lines.items()
        }

    def unread(self) -> list[Unread]:
        """See Target."""
        return []

    def stamp(self, mv: ModuleVersion) -> str:
        """See Target."""
        text = "\n".join(map(str, self._lines[mv]))
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]

    async def prepare(self, batch: Sequence[ModuleVersion]) -> None:
        """See Target; it is here."""

    def check(self, mv: ModuleVersion, answer: Answer) -> Checked:
        """See Target."""
        done = Checked(mv, answer)
        for line in self._lines[mv]:
            want = answer.mod_h1 if line.is_mod else answer.zip_h1
            if want and line.hash.startswith(_H1) and line.hash != want:
                done.findings.append(self._polluted(mv, line, want, answer))
        if not done.findings and answer.cause is not None:
            where = self._where(self._lines[mv][0])
            done.findings.append(unverifiable(mv, where, answer))
        return done

    def rest(self) -> list[Finding]:
        """See Target."""
        return list(self._odd)

    def _polluted(
        self, mv: ModuleVersion, line: SumLine, want: str, answer: Answer
    ) -> Finding:
        what = "go.mod" if line.is_mod else "zip"
        return Finding(
            verdict=Verdict.POLLUTED,
            path=self._where(line),
            mv=mv,
            reason=f"its {what} is not what the log knows",
            expected=want,
            found=line.hash,
            evidence=answer.evidence,
            fix=Fix.REWRITE,
        )

    def _where(self, line: SumLine) -> str:
        return f"{self.file.name}:{self._numbers.get(str(line), 0)}"


def read_sums(file: Path) -> tuple[GoSum, dict[str, int]]:
    """Return a go.sum, and the number of each of its lines.

    Raises:
        UsageError: if it cannot be read, or is no go.sum.
    """
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_GO_SUM_BYTES + 1)
        sums = parse_gosum(data)
    except OSError as exc:
        raise UsageError(f"{file}: {exc.strerror}") from exc
    except MalformedError as exc:
        raise UsageError(f"{file}: {exc}", hint="is it a go.sum?") from exc
    text = data.decode("utf-8", "surrogateescape").split("\n")
    numbers = {" ".join(row.split()): at for at, row in enumerate(text, 1)}
    return sums, numbers
