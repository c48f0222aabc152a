"""Licence files of a module, told by their names. Pure.

At the module's root the names are those that pkg.go.dev looks for, whatever their case
(``LICENSE``, ``COPYING.md``, ``MIT-LICENSE.txt``, ...). Besides, and named as what they
are: other files whose name begins like one of these (``LICENSE.BSD``,
``LICENSE_THIRD_PARTY``); notices; texts in the folder ``LICENSES`` (REUSE); licence
files of deeper folders, below ``vendor`` apart; and a README, which stands in where a
module has no licence file.
"""

from __future__ import annotations

import re
from typing import Final

from gosync.licence.filekinds import LicenceFileKind
from gosync.pattern import compile_on_use

_STEMS = r"copying(?:\.lesser)?|licen[cs]e|unlicen[cs]e|mit[-_]licen[cs]e"
_TEXT = r"(?:\.(?:md|markdown|txt|rst))?"
_NAMED = compile_on_use(
    rf"(?:{_STEMS}){_TEXT}"
    r"|licen[cs]e-(?:apache-)?2\.0\.txt|licen[cs]e-(?:apache|mit)"
    r"|licen[cs]e\.(?:mit|code|docs)",
    re.IGNORECASE,
)
_ALIKE = compile_on_use(rf"(?:{_STEMS})s?(?:[-_.].*)?", re.IGNORECASE)
_NOTICE = compile_on_use(rf"notices?{_TEXT}", re.IGNORECASE)
_README = compile_on_use(rf"readme{_TEXT}", re.IGNORECASE)
_NO_TEXT = compile_on_use(
    r".*\.(?:go|py|sh|js|ts|java|c|h|cc|html?|css|json|ya?ml|toml|tmpl|tpl|svg|png"
    r"|gz|zip|sum|mod|proto|header)",
    re.IGNORECASE,
)
# All of the above, asked of each name of a zip: so it is one pattern, and quick.
_MAYBE: Final = compile_on_use(
    rb"(?:^|/)(?:(?:copying|licen[cs]e|unlicen[cs]e|mit[-_]licen[cs]e|notice|readme)"
    rb"[^/]*|licenses/[^/]+)$",
    re.IGNORECASE,
)


def kind_of(name: str) -> LicenceFileKind | None:
    """Return what kind of licence file a file is.

    Args:
        name: Its path below the module's root.

    Returns:
        The kind; None for any other file.
    """
    folder, _, base = name.rpartition("/")
    if not folder:
        return _kind_at_root(base)
    if folder == "LICENSES" and not _NO_TEXT.fullmatch(base):
        return LicenceFileKind.REUSE
    if _is_vendored(name) or not _NAMED.fullmatch(base):
        return None
    return LicenceFileKind.FOLDER


def may_be_one(name: bytes) -> bool:
    """Return whether to ask ``kind_of``: it is not, for nearly every file of a zip."""
    return _MAYBE.search(name) is not None


def _kind_at_root(base: str) -> LicenceFileKind | None:
    if _NAMED.fullmatch(base):
        return LicenceFileKind.LICENCE
    if _NOTICE.fullmatch(base):
        return LicenceFileKind.NOTICE
    if _README.fullmatch(base):
        return LicenceFileKind.README
    if _ALIKE.fullmatch(base) and not _NO_TEXT.fullmatch(base):
        return LicenceFileKind.ALIKE
    return None


def _is_vendored(name: str) -> bool:
    """Return whether a file belongs to a module that is copied into a vendor folder."""
    _, found, below = f"/{name}".partition("/vendor/")
    return bool(found) and "/" in below
