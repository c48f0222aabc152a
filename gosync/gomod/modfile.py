"""go.mod: what a module is called, what it requires, what it takes back.

=============  =====================  =========================================
directive      argument               may be a block
=============  =====================  =========================================
``module``     path                   yes; a paragraph of its comments that
                                      begins with ``Deprecated:`` is a message
``go``         1.23 or 1.23.4         no
``toolchain``  go1.23.4 or default    no
``require``    path version           yes; ``// indirect`` after it counts
``exclude``    path version           yes
``replace``    path [version] =>      yes; a path without a version on the
               path [version]         right is a folder
``retract``    version or [low,high]  yes; its comments are the rationale
``tool``       package                yes
``ignore``     folder                 yes
``godebug``    key=value              yes
=============  =====================  =========================================

Versions become canonical. ``parse_lax`` is for dependencies: as with Go, only
``module go require retract ignore`` must be right, an interval of ``retract``
that is not understood is left out, and unknown directives are ignored, since a
later Go may have added them. The other directives are filled in where they are
right. ``parse`` is for main modules, where everything must be right.

What a module without a go.mod has instead is ``module PATH`` and a newline.
Limit: 16 MiB.
"""

from __future__ import annotations

import msgspec

from gosync.errors import MalformedError, TooLargeError
from gosync.gomod.moddirective import (
    Directive,
    Replacement,
    Requirement,
    Retraction,
    read_deprecated,
    read_go,
    read_godebug,
    read_replacement,
    read_requirement,
    read_retraction,
    read_text,
    read_toolchain,
)
from gosync.gomod.modlex import Block, Line, parse_syntax
from gosync.gomod.modquote import auto_quote

__all__ = [
    "GoMod",
    "Replacement",
    "Requirement",
    "Retraction",
    "auto_quote",
    "parse",
    "parse_lax",
    "synthesize",
]

MAX_GO_MOD_BYTES = 16 << 20

_NEEDED_OF_DEPENDENCIES = frozenset({"module", "go", "require", "ignore"})
_BLOCKS = _NEEDED_OF_DEPENDENCIES - {"go"} | {
    "exclude",
    "godebug",
    "replace",
    "retract",
    "tool",
}


class GoMod(msgspec.Struct, frozen=True):
    """A go.mod.

    Attributes:
        module: The module path, or "" if it says none.
        deprecated: The message that the module is deprecated, or "".
        go: The Go version, like "1.23", or "".
        toolchain: The toolchain, like "go1.23.4", or "".
        require: The dependencies.
        exclude: Versions a main module never uses: (path, version).
        replace: What a main module replaces.
        retract: The versions taken back.
        tool: The packages of its tools.
        ignore: The folders that patterns like ``./...`` leave out.
        godebug: Its settings: (key, value).
    """

    module: str = ""
    deprecated: str = ""
    go: str = ""
    toolchain: str = ""
    require: tuple[Requirement, ...] = ()
    exclude: tuple[tuple[str, str], ...] = ()
    replace: tuple[Replacement, ...] = ()
    retract: tuple[Retraction, ...] = ()
    tool: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    godebug: tuple[tuple[str, str], ...] = ()


def parse_lax(data: bytes) -> GoMod:
    """Parse the go.mod of a dependency.

    Raises:
        MalformedError: Broken syntax, or a directive that dependencies need.
        TooLargeError: More than 16 MiB.
    """
    return _parse(data, strict=False)


def parse(data: bytes) -> GoMod:
    """Parse the go.mod of a main module.

    Raises:
        MalformedError: Anything in it is unknown or wrong.
        TooLargeError: More than 16 MiB.
    """
    return _parse(data, strict=True)


def synthesize(path: str) -> bytes:
    """Return the go.mod of a module that has none."""
    return f"module {auto_quote(path)}\n".encode("utf-8", "surrogateescape")


def _parse(data: bytes, *, strict: bool) -> GoMod:
    if len(data) > MAX_GO_MOD_BYTES:
        raise TooLargeError("go.mod", limit_bytes=MAX_GO_MOD_BYTES)
    builder = _Builder(strict=strict)
    for statement in parse_syntax(data):
        match statement:
            case Line():
                builder.add_line(statement)
            case Block():
                builder.add_block(statement)
    return builder.result()


class _Builder(msgspec.Struct):
    """A GoMod in the making."""

    strict: bool
    module: str | None = None
    deprecated: str = ""
    go: str = ""
    toolchain: str = ""
    require: list[Requirement] = msgspec.field(default_factory=list)
    exclude: list[tuple[str, str]] = msgspec.field(default_factory=list)
    replace: list[Replacement] = msgspec.field(default_factory=list)
    retract: list[Retraction] = msgspec.field(default_factory=list)
    tool: list[str] = msgspec.field(default_factory=list)
    ignore: list[str] = msgspec.field(default_factory=list)
    godebug: list[tuple[str, str]] = msgspec.field(default_factory=list)

    def result(self) -> GoMod:
        return GoMod(
            self.module or "",
            self.deprecated,
            self.go,
            self.toolchain,
            tuple(self.require),
            tuple(self.exclude),
            tuple(self.replace),
            tuple(self.retract),
            tuple(self.tool),
            tuple(self.ignore),
            tuple(self.godebug),
        )

    def add_block(self, block: Block) -> None:
        verb = block.tokens[0]
        if len(block.tokens) == 1 and verb in _BLOCKS:
            for line in block.lines:
                self.add(line, Directive(verb, line.tokens, line.comments, line.suffix))
        elif self.strict:
            raise _malformed(block, "no such block")

    def add_line(self, line: Line) -> None:
        verb, *tokens = line.tokens
        self.add(line, Directive(verb, tuple(tokens), line.comments, line.suffix))

    def add(self, line: Line, directive: Directive) -> None:
        """Add a directive; where errors are tolerated, leave a wrong one out."""
        try:
            self._read(directive)
        except MalformedError as error:
            if self.strict or directive.verb in _NEEDED_OF_DEPENDENCIES:
                raise _malformed(line, str(error)) from error

    def _read(self, directive: Directive) -> None:
        match directive.verb:
            case "module" if self.module is None:
                self.module = read_text(directive)
                self.deprecated = read_deprecated(directive)
            case "go" if not self.go:
                self.go = read_go(directive, strict=self.strict)
            case "toolchain" if not self.toolchain:
                self.toolchain = read_toolchain(directive)
            case "module" | "go" | "toolchain":
                directive.refuse("repeated")
            case "retract":
                self._read_retraction(directive)
            case _:
                self._read_many(directive)

    def _read_many(self, directive: Directive) -> None:
        match directive.verb:
            case "require":
                self.require.append(read_requirement(directive))
            case "exclude":
                self.exclude.append(directive.path_and_version())
            case "replace":
                self.replace.append(read_replacement(directive))
            case "tool":
                self.tool.append(read_text(directive))
            case "ignore":
                self.ignore.append(read_text(directive))
            case "godebug":
                self.godebug.append(read_godebug(directive))
            case _:
                directive.refuse("unknown directive")

    def _read_retraction(self, directive: Directive) -> None:
        try:
            self.retract.append(read_retraction(directive, strict=self.strict))
        except MalformedError:
            if self.strict:
                raise  # else it may be a form that a later Go has


def _malformed(where: Line | Block, reason: str) -> MalformedError:
    return MalformedError("go.mod", f"line {where.number}", reason)
