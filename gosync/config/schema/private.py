"""Sections of a site's own modules: ``[[private]]``, ``[house_log]``."""

from __future__ import annotations

from gosync.config.schema.section import Count, Section


class PrivateSection(Section, frozen=True):
    """One ``[[private]]``: private modules that come from git repositories.

    Attributes:
        pattern: GOPRIVATE patterns of their paths: private, as with upstream.private.
        git: The repositories' URL, file, https or ssh: "{path}" is the module path
            below its first element, "{module}" all of it.
        depth: How many elements of the path, below the first one, name a repository;
            the rest is a folder in it. Without: all of them.
        time_limit: How long one question to a repository may take.
        max_bytes: How much may be fetched at once.
    """

    pattern: str
    git: str
    depth: Count | None = None
    time_limit: str = "10m"
    max_bytes: str = "2GiB"


class HouseLogSection(Section, frozen=True):
    """``[house_log]``: a checksum database of the site's own.

    Attributes:
        verifier: Its verifier key, NAME+HASH+KEY; what GOSUMDB is inside. "": none.
        key: The file of its signer key; "" where another site signs.
        witnesses: Trees, or files with a signed tree head, that it must extend.
    """

    verifier: str = ""
    key: str = ""
    witnesses: tuple[str, ...] = ()
