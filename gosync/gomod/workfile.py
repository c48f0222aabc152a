"""go.work: which modules are worked on together.

=============  =====================  =========================================
directive      argument               may be a block
=============  =====================  =========================================
``go``         1.23 or 1.23.4         no
``toolchain``  go1.23.4 or default    no
``use``        folder                 yes
``replace``    path [version] =>      yes; goes before what the modules replace
               path [version]
``godebug``    key=value              yes
=============  =====================  =========================================

The syntax is go.mod's (:mod:`gosync.gomod.modlex`). Folders are relative to the
one that go.work is in. Everything must be right. Limit: 16 MiB.
"""

from __future__ import annotations

import msgspec

from gosync.errors import MalformedError, TooLargeError
from gosync.gomod.moddirective import (
    Directive,
    Replacement,
    read_go,
    read_godebug,
    read_replacement,
    read_text,
    read_toolchain,
)
from gosync.gomod.modlex import Block, Line, Statement, parse_syntax

MAX_GO_WORK_BYTES = 16 << 20

_BLOCKS = frozenset({"use", "replace", "godebug"})


class GoWork(msgspec.Struct, frozen=True):
    """A go.work.

    Attributes:
        go: The Go version, like "1.23", or "".
        toolchain: The toolchain, like "go1.23.4", or "".
        use: The modules' folders, as they are written.
        replace: What is replaced for all of them.
        godebug: The settings: (key, value).
    """

    go: str = ""
    toolchain: str = ""
    use: tuple[str, ...] = ()
    replace: tuple[Replacement, ...] = ()
    godebug: tuple[tuple[str, str], ...] = ()


def parse(data: bytes) -> GoWork:
    """Parse a go.work.

    Raises:
        MalformedError: Anything in it is unknown or wrong.
        TooLargeError: More than 16 MiB.
    """
    if len(data) > MAX_GO_WORK_BYTES:
        raise TooLargeError("go.work", limit_bytes=MAX_GO_WORK_BYTES)
    builder = _Builder()
    for statement in _statements(data):
        match statement:
            case Line(tokens=(verb, *tokens)):
                builder.add(statement, verb, tuple(tokens))
            case Block(tokens=(verb,)) if verb in _BLOCKS:
                for line in statement.lines:
                    builder.add(line, verb, line.tokens)
            case _:
                raise _malformed(statement, "no such block")
    return builder.result()


def _statements(data: bytes) -> list[Statement]:
    try:
        return list(parse_syntax(data))
    except MalformedError as error:
        raise MalformedError("go.work", error.value, error.reason) from error


class _Builder(msgspec.Struct):
    """A GoWork in the making."""

    go: str = ""
    toolchain: str = ""
    use: list[str] = msgspec.field(default_factory=list)
    replace: list[Replacement] = msgspec.field(default_factory=list)
    godebug: list[tuple[str, str]] = msgspec.field(default_factory=list)

    def result(self) -> GoWork:
        return GoWork(
            self.go,
            self.toolchain,
            tuple(self.use),
            tuple(self.replace),
            tuple(self.godebug),
        )

    def add(self, line: Line, verb: str, tokens: tuple[str, ...]) -> None:
        directive = Directive(verb, tokens, line.comments, line.suffix)
        try:
            self._read(directive)
        except MalformedError as error:
            raise _malformed(line, str(error)) from error

    def _read(self, directive: Directive) -> None:
        match directive.verb:
            case "go" if not self.go:
                self.go = read_go(directive, strict=True)
            case "toolchain" if not self.toolchain:
                self.toolchain = read_toolchain(directive)
            case "use":
                self.use.append(read_text(directive))
            case "replace":
                self.replace.append(read_replacement(directive))
            case "godebug":
                self.godebug.append(read_godebug(directive))
            case "go" | "toolchain":
                directive.refuse("repeated")
            case _:
                directive.refuse("unknown directive")


def _malformed(where: Line | Block, reason: str) -> MalformedError:
    return MalformedError("go.work", f"line {where.number}", reason)
