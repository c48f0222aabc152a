"""The directives of go.mod, one by one: from their arguments to a value.

What each takes is in :mod:`gosync.gomod.modfile`. Versions become canonical;
paths are only held to fit their version, for go.mod may name what is no valid
module path any more. What is longer than ``go`` can store is refused.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NoReturn

import msgspec

from gosync.errors import MalformedError
from gosync.gomod.lengths import MAX_VERSION_BYTES
from gosync.gomod.modquote import unquote
from gosync.gomod.module import (
    canonical_version,
    check_lengths,
    check_path_major,
    split_path_version,
)
from gosync.pattern import compile_on_use

_GO_VERSION = compile_on_use(
    r"[1-9][0-9]*\.(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))?(?:[a-z]+[0-9]+)?"
)
_LAX_GO_VERSION = compile_on_use(
    r"v?([1-9][0-9]*\.(?:0|[1-9][0-9]*))[^0-9].*", re.DOTALL
)
_TOOLCHAIN = compile_on_use(r"default|go1(?:\..*)?", re.DOTALL)
_DEPRECATED = compile_on_use(r"(?:\A|\n\n)Deprecated: *(.*?)(?:\Z|\n\n)", re.DOTALL)
_FOLDER = compile_on_use(r"\.{1,2}(?:[/\\].*)?|[/\\].*|[A-Za-z]:.*", re.DOTALL)


class Requirement(msgspec.Struct, frozen=True):
    """A dependency, at least in this version.

    Attributes:
        path: Its module path.
        version: Its canonical version.
        indirect: Whether it is marked as not imported by the module itself.
    """

    path: str
    version: str
    indirect: bool = False


class Replacement(msgspec.Struct, frozen=True):
    """What a main module takes instead of a dependency.

    Attributes:
        path: The module path that is replaced.
        version: The version that is replaced, or "" for all.
        new_path: A module path, or a folder if new_version is "".
        new_version: The version to take, or "".
    """

    path: str
    version: str
    new_path: str
    new_version: str


class Retraction(msgspec.Struct, frozen=True):
    """Versions that their author takes back, both ends included.

    Attributes:
        low: The lowest.
        high: The highest; often the same.
        rationale: Why, one line for each comment.
    """

    low: str
    high: str
    rationale: str = ""


class Directive(msgspec.Struct, frozen=True):
    """One directive, from a line of its own or from a block.

    Attributes:
        verb: Its name.
        tokens: Its arguments.
        comments: What is said about it.
        suffix: The comment after it on the line, or None.
    """

    verb: str
    tokens: tuple[str, ...]
    comments: tuple[str, ...]
    suffix: str | None

    def only(self) -> str:
        """Return the one argument.

        Raises:
            MalformedError: There are none or more.
        """
        if len(self.tokens) != 1:
            self.refuse("must have one argument")
        return self.tokens[0]

    def path_and_version(self) -> tuple[str, str]:
        """Return the two arguments.

        Raises:
            MalformedError: There are not two, or they are wrong.
        """
        if len(self.tokens) != 2:
            self.refuse("must have a path and a version")
        return _path_and_version(*self.tokens)

    def refuse(self, reason: str) -> NoReturn:
        """Raise the error that this directive is wrong.

        Raises:
            MalformedError: Always.
        """
        raise MalformedError(self.verb, " ".join(self.tokens), reason)


def read_go(directive: Directive, *, strict: bool) -> str:
    """Read the Go version; if lax, of a version yet to come the known part.

    Raises:
        MalformedError: No Go version.
    """
    version = directive.only()
    if _GO_VERSION.fullmatch(version):
        return version
    lax = None if strict else _LAX_GO_VERSION.fullmatch(version)
    if lax is None:
        directive.refuse("must be like 1.23 or 1.23.4")
    return lax[1]


def read_toolchain(directive: Directive) -> str:
    """Read the name of a toolchain.

    Raises:
        MalformedError: No such name.
    """
    name = directive.only()
    if _TOOLCHAIN.fullmatch(name) is None:
        directive.refuse("must be like go1.23.4, or default")
    return name


def read_deprecated(directive: Directive) -> str:
    """Return the message of the first ``Deprecated:`` paragraph, or ""."""
    found = _DEPRECATED.search("\n".join(directive.comments))
    return found[1] if found else ""


def read_requirement(directive: Directive) -> Requirement:
    """Read a dependency.

    Raises:
        MalformedError: Its path or its version.
    """
    path, version = directive.path_and_version()
    words = (directive.suffix or "").split()
    indirect = words == ["indirect"] or (len(words) > 1 and words[0] == "indirect;")
    return Requirement(path, version, indirect)


def read_replacement(directive: Directive) -> Replacement:
    """Read both sides of a replacement.

    Raises:
        MalformedError: A path or a version of either side.
    """
    match directive.tokens:
        case [old, "=>", new, *new_version]:
            path, version = unquote(old), ""
            _path_major(path)
        case [old, old_version, "=>", new, *new_version]:
            path, version = _path_and_version(old, old_version)
        case _:
            directive.refuse("must be path [version] => path [version]")
    if len(new_version) > 1:
        directive.refuse("more after the version")
    return Replacement(path, version, *_target(unquote(new), new_version))


def read_retraction(directive: Directive, *, strict: bool) -> Retraction:
    """Read a version or an interval.

    Raises:
        MalformedError: It is neither; if strict, more follows.
    """
    match directive.tokens:
        case ["[", low_token, ",", high_token, "]", *rest]:
            low, high = _version(low_token), _version(high_token)
        case [token, *rest] if token not in ("(", "["):
            low = high = _version(token)
        case _:
            directive.refuse("must be a version or [low, high]")
    if rest and strict:
        directive.refuse("more after the version")
    return Retraction(low, high, _rationale(directive.comments))


@lru_cache(maxsize=64)
def _rationale(comments: tuple[str, ...]) -> str:
    """Return the text of comments; all lines of a block share one."""
    return "\n".join(comments)


def read_text(directive: Directive) -> str:
    """Read the one argument, unquoted.

    Raises:
        MalformedError: Not one, or its quotes.
    """
    return unquote(directive.only())


def read_godebug(directive: Directive) -> tuple[str, str]:
    """Read a setting.

    Raises:
        MalformedError: It is not key=value.
    """
    setting = directive.only()
    key, equals, value = setting.partition("=")
    if not equals or any(mark in setting for mark in "\"`',"):
        directive.refuse("must be key=value")
    return key, value


def _path_and_version(path_token: str, version_token: str) -> tuple[str, str]:
    path, version = unquote(path_token), _version(version_token)
    check_lengths(path, version)
    check_path_major(version, _path_major(path))
    return path, version


def _path_major(path: str) -> str:
    _, path_major, ok = split_path_version(path)
    if not ok:
        raise MalformedError("module path", path, "the version suffix is not allowed")
    return path_major


def _version(token: str) -> str:
    version = unquote(token)
    if len(version) > MAX_VERSION_BYTES:
        raise MalformedError("version", token, "too long")
    version = canonical_version(version)
    if not version:
        raise MalformedError("version", token, "must be like v1.2.3")
    return version


def _target(path: str, version_tokens: list[str]) -> tuple[str, str]:
    """Check the right side of a replacement: a module version or a folder."""
    is_folder = _FOLDER.fullmatch(path) is not None
    if not version_tokens:
        if not is_folder or "\\" in path:
            raise MalformedError("replacement", path, "neither version nor folder")
        return path, ""
    version = _version(version_tokens[0])
    if is_folder:
        raise MalformedError("replacement", path, "a folder with a version")
    return path, version
