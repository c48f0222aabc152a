"""The escaped form of paths and versions, for stores that ignore case.

Each upper-case ASCII letter becomes ``!`` and the lower-case letter:
``github.com/Azure`` is stored as ``github.com/!azure``. Since neither a module
path nor a version may hold ``!``, and an escaped form holds no upper-case
letter, this is one to one.

Escaped is not URL-encoded: whether ``!`` travels as ``%21`` is a matter of the
request.
"""

from __future__ import annotations

from gosync.errors import MalformedError
from gosync.gomod.pathcheck import PathKind, check_path, element_problem
from gosync.pattern import compile_on_use

_UPPER = compile_on_use("[A-Z]")
_ESCAPED_UPPER = compile_on_use("!([a-z])")
_NOT_ESCAPED = compile_on_use(r"[A-Z]|[^\x00-\x7f]|!(?![a-z])")


def escape_path(path: str) -> str:
    """Escape a module path.

    Raises:
        MalformedError: It is no module path.
    """
    check_path(path)
    return _escape(path)


def escape_version(version: str) -> str:
    """Escape a version, or another revision name that is one path element.

    Raises:
        MalformedError: It is no allowed file name, or not ASCII, or has a "!".
    """
    _check_version_name(version, version)
    if "!" in version:
        raise MalformedError("version", version, "character '!' is not allowed")
    return _escape(version)


def unescape_path(escaped: str) -> str:
    """Return the module path; the inverse of escape_path.

    Raises:
        MalformedError: It is not escaped, or does not name a module path.
    """
    path = _unescape("escaped module path", escaped)
    check_path(path)
    return path


def unescape_version(escaped: str) -> str:
    """Return the version; the inverse of escape_version.

    Raises:
        MalformedError: It is not escaped, or not an allowed file name.
    """
    version = _unescape("escaped version", escaped)
    _check_version_name(version, escaped)
    return version


def _check_version_name(version: str, shown: str) -> None:
    problem = element_problem(version, PathKind.FILE)
    if problem is None and not version.isascii():
        problem = "not ASCII"
    if problem:
        raise MalformedError("version", shown, problem)


def _escape(text: str) -> str:
    return _UPPER.sub(lambda match: "!" + match[0].lower(), text)


def _unescape(what: str, escaped: str) -> str:
    wrong = _NOT_ESCAPED.search(escaped)
    if wrong:
        raise MalformedError(what, escaped, f"{wrong[0]!r} is not escaped rightly")
    return _ESCAPED_UPPER.sub(lambda match: match[1].upper(), escaped)
