"""Command lines of curl that ask what a stage asked. Pure."""

from __future__ import annotations

import shlex


def curl_line(url: str, *, to_file: bool = False) -> str:
    """Return the line that asks for a URL and shows status and redirects."""
    if url.startswith("file:"):
        return shlex.join(["ls", "-l", url.removeprefix("file://")])
    where = ["-o", "/dev/null"] if to_file else []
    return shlex.join(["curl", "-sSiL", "--max-redirs", "10", *where, url])
