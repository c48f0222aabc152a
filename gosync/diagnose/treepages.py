"""The pages of all classes, as each published tree has them: ``documents/explain/``.

Who is inside has no web search, and often no gosync. The tree's publisher asks for
them by ``TreePages`` (gosync.site.options); they are made anew when the catalogue or
gosync is another one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache

from gosync import __version__
from gosync.diagnose.cataloguefile import CATALOGUE_FILE
from gosync.diagnose.language import PAGE_FILES
from gosync.folder.routes import EXPLAIN_FOLDER


class ExplainPages:
    """The pages, made when they are asked for."""

    folder = EXPLAIN_FOLDER
    names = tuple(PAGE_FILES.values())

    def state(self) -> str:
        """Return a text that is another one when the pages are."""
        return _state()

    def files(self) -> Mapping[str, bytes]:
        """Return the pages by name."""
        return _files()


@cache
def _state() -> str:
    digest = hashlib.sha256(CATALOGUE_FILE.read_bytes()).hexdigest()
    return f"{__version__} {digest}\n"


@cache
def _files() -> Mapping[str, bytes]:
    from gosync.diagnose.handbook import handbook  # noqa: PLC0415 - 20 ms
    from gosync.diagnose.shipped import shipped_catalogue  # noqa: PLC0415

    catalogue = shipped_catalogue()
    return {
        name: handbook(catalogue, language) for language, name in PAGE_FILES.items()
    }
