"""Pages of the tree: their languages, and where package documentation is shown."""

from __future__ import annotations

from urllib.parse import urlsplit

from gosync.config.mistakes import Mistakes
from gosync.config.schema.publish import PublishSection
from gosync.errors import ConfigError
from gosync.publish.pages.pageoptions import PageOptions
from gosync.store.objects.location import is_location


def make_pages(section: PublishSection, mistakes: Mistakes) -> PageOptions:
    """Return what concerns the pages.

    Args:
        section: ``[publish]``.
        mistakes: What is wrong is noted there.
    """
    languages: tuple[str, ...] = section.languages
    pkgsite = section.pkgsite
    if not languages or len(set(languages)) < len(languages):
        error = ConfigError(
            "no language, or one twice", hint='write languages = ["en", "zh"]'
        )
        mistakes.add(("publish", "languages"), error)
        languages = PageOptions().languages
    mistakes.attempt(("publish", "pkgsite"), lambda: _check_address(pkgsite), None)
    precompress: tuple[str, ...] = section.precompress
    if precompress and is_location(section.tree):
        error = ConfigError(
            "a tree in a bucket has no compressed copies",
            hint="take it out, or name a folder in publish.tree",
        )
        mistakes.add(("publish", "precompress"), error)
        precompress = ()
    return PageOptions(languages=languages, pkgsite=pkgsite, precompress=precompress)


def _check_address(text: str) -> None:
    """Check that an address is one that a page may link to.

    Raises:
        ConfigError: It is not.
    """
    if not text:
        return
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(
            f"{text!r} is no http: or https: address",
            hint='write it like pkgsite = "https://pkg.corp.example"',
        )
