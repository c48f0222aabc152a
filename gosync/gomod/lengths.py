"""How long paths and versions may be: what ``go`` can store on Linux.

Go's grammar has no limits, but a file system has: a name takes 255 bytes. In the
module cache (GOMODCACHE) these become names, in their escaped form:

    VERSION.zipNNNNNNNNN.tmp    a zip on its way: up to 17 bytes beside the version
    ELEMENT@VERSION             the folder of the files; ELEMENT is the path's last
    ELEMENT                     each other element of the path

What is longer cannot be used by anybody: ``go`` ends in "file name too long". So
it is refused where it is read, before it costs memory, a row or a request. As a
whole, a path leaves room for the folder that a tree or a cache lies in.
"""

from __future__ import annotations

from gosync.errors import MalformedError
from gosync.pattern import compile_on_use

MAX_NAME_BYTES = 255
MAX_VERSION_BYTES = MAX_NAME_BYTES - len(".zip") - 9 - len(".tmp")
MAX_PATH_BYTES = 2048
MAX_FILE_PATH_BYTES = 4095

# However many letters are escaped, what is shorter than this fits.
SURE_CHARACTERS = (MAX_VERSION_BYTES - 1) // 2
_UPPER = compile_on_use("[A-Z]")


def check_lengths(path: str, version: str = "") -> None:
    """Check that a module, or a version of it, can be stored by ``go``.

    Args:
        path: The module path, unescaped; its grammar is not checked.
        version: The version, unescaped; "" for the module alone.

    Raises:
        MalformedError: A part is too long.
    """
    if len(path) + len(version) < SURE_CHARACTERS:
        return
    problem = version_length_problem(version)
    if problem:
        raise MalformedError("version", version[:80], problem)
    problem = path_length_problem(path)
    if problem:
        raise MalformedError("module path", path[:80], problem)
    folder = _escaped_bytes(path.rpartition("/")[2]) + 1 + _escaped_bytes(version)
    if version and folder > MAX_NAME_BYTES:
        reason = f"its folder's name has more than {MAX_NAME_BYTES} bytes"
        raise MalformedError("module version", f"{path[:60]}@{version}", reason)


def version_length_problem(version: str) -> str | None:
    """Say why a version is too long, or None."""
    if len(version) > MAX_VERSION_BYTES or _escaped_bytes(version) > MAX_VERSION_BYTES:
        return f"longer than {MAX_VERSION_BYTES} bytes, escaped"
    return None


def path_length_problem(path: str) -> str | None:
    """Say why a module path is too long, or None."""
    if len(path) > MAX_PATH_BYTES or _escaped_bytes(path) > MAX_PATH_BYTES:
        return f"longer than {MAX_PATH_BYTES} bytes, escaped"
    if any(_escaped_bytes(each) > MAX_NAME_BYTES for each in path.split("/")):
        return f"an element is longer than {MAX_NAME_BYTES} bytes, escaped"
    return None


def file_length_problem(path: str) -> str | None:
    """Say why a file's path within a module is too long, or None."""
    if len(path) <= MAX_NAME_BYTES // 4:
        return None
    size_bytes = len(path.encode("utf-8", "surrogateescape"))
    if size_bytes > MAX_FILE_PATH_BYTES:
        return f"longer than {MAX_FILE_PATH_BYTES} bytes"
    if size_bytes > MAX_NAME_BYTES and any(
        len(each.encode("utf-8", "surrogateescape")) > MAX_NAME_BYTES
        for each in path.split("/")
    ):
        return f"an element is longer than {MAX_NAME_BYTES} bytes"
    return None


def _escaped_bytes(text: str) -> int:
    """Return how many bytes the escaped form has."""
    size_bytes = len(text if text.isascii() else text.encode("utf-8", "replace"))
    return size_bytes + len(_UPPER.findall(text))
