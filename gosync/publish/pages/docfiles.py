"""The Markdown files of gosync's documentation, from the wheel or from a checkout."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from gosync import __version__
from gosync.folder import routes
from gosync.publish.pages.wordfile import words_of
from gosync.publish.pages.words import CHINESE, ENGLISH, page_names

_LANGUAGES: Final = (ENGLISH, CHINESE)  # of the lists, in every tree
_FIRST: Final = ("README.md", "README.zh-CN.md")


class DocPages:
    """The pages of the documentation, made when they are asked for."""

    folder = routes.DOCS_FOLDER

    @property
    def names(self) -> tuple[str, ...]:
        """Their names; the first is the list of them in English."""
        from gosync.publish.pages.docpages import page_name  # noqa: PLC0415 - for pages alone

        lists = page_names(_LANGUAGES).values()
        return (*lists, *map(page_name, doc_files()))

    def state(self) -> str:
        """Return a text that is another one when the pages are."""
        return _state()

    def files(self) -> Mapping[str, bytes]:
        """Return the pages by name."""
        from gosync.publish.pages.docpages import doc_pages  # noqa: PLC0415 - for pages alone

        return doc_pages(doc_files(), words_of(_LANGUAGES))


@cache
def doc_files() -> Mapping[str, str]:
    """Return the files by their paths in the repository, READMEs first."""
    return {path: file.read_text("utf-8") for path, file in _found()}


def _found() -> Iterator[tuple[str, Path]]:
    package = Path(__file__).resolve().parents[2]
    packed = package / "docs"
    docs = packed if packed.is_dir() else package.parent / "docs"
    for name in _FIRST:
        file = (packed if packed.is_dir() else package.parent) / name
        if file.is_file():
            yield name, file
    for file in sorted(docs.glob("*.md")):
        if file.name not in _FIRST:
            yield f"docs/{file.name}", file


@cache
def _state() -> str:
    digest = hashlib.sha256(repr(sorted(doc_files().items())).encode()).hexdigest()
    return f"{__version__} {digest}\n"
