"""Sections of private modules: ``[[private]]``."""

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
