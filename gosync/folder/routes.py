"""Paths of a published tree's files. Pure.

Paths are relative to the tree's root, with "/" between elements; ``M`` and
``V`` are the escaped module path and version::

    M/@v/list            M/@v/V.info   M/@v/V.mod   M/@v/V.zip
    M/@latest            M/@v/REV.info               the alias of a commit
    M/@v/index.html                                  the module's page
    index.html           modules/ID/index.html       the tree's pages; ID from the
                                                     first module on it
    .../index.zh.html    .../index.en.html           beside each: other languages
    modules/feed.atom                                what is new in it
    modules/search.js    modules/search-ID.js        what its search looks through
    index/...                                        what came in when (``indexfiles``)
    sumdb/NAME/supported
    sumdb/NAME/latest
    sumdb/NAME/lookup/M@V
    sumdb/NAME/tile/8/L/NNN[.p/W]
    sumdb/NAME/404.txt                               for a web server's 404 answers
    status.json                                      how the mirror is
    vulndb/NAME          documents/NAME              artifacts, by their kind
    dl/FILE              setup.sh    setup.ps1       Go itself, and setting go up
    docs/NAME.html                                   gosync's documentation
    .gosync/             gosync's own: marker, what is withdrawn or denied

No two of them can meet. The first element of a module path has a dot, so it is
neither ``sumdb``, ``modules``, ``index``, ``dl``, ``docs`` nor a folder of artifacts;
it does not begin with one, so it is not ``.gosync``. No module path has an ``@``, so a
page under ``@v/`` never stands where another module's folder belongs. A few names are
left over: a module called ``index.html``, ``index.zh.html``, ``index.en.html``,
``status.json``, ``setup.sh`` or ``setup.ps1`` is refused.

File systems take names of 255 bytes, which Go's rules do not know; a longer
element is refused too, before it can fail half way.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256

import msgspec

from gosync.artifact import DOCUMENT, VULNDB, check_artifact_name
from gosync.errors import MalformedError
from gosync.gomod import module
from gosync.gomod.filekind import FileKind
from gosync.pattern import compile_on_use

MARKER_FOLDER = ".gosync"
MARKER = f"{MARKER_FOLDER}/tree.json"
STAGING = f"{MARKER_FOLDER}/staging"
OBJECTS = f"{MARKER_FOLDER}/objects"
WITHDRAWN = f"{MARKER_FOLDER}/withdrawn.json"
DENIED = f"{MARKER_FOLDER}/denied.json"
ROOT_PAGE = "index.html"
PAGE_NAMES = (ROOT_PAGE, "index.zh.html", "index.en.html")
STATUS = "status.json"
SETUP_SH, SETUP_PS1 = "setup.sh", "setup.ps1"
ROOT_FILES = frozenset({*PAGE_NAMES, STATUS, SETUP_SH, SETUP_PS1})
DOWNLOADS_FOLDER = "dl"
DOWNLOADS_PAGE = f"{DOWNLOADS_FOLDER}/{ROOT_PAGE}"
PAGES_FOLDER = "modules"
DOCS_FOLDER = "docs"
FEED = f"{PAGES_FOLDER}/feed.atom"
_SEARCH = f"{PAGES_FOLDER}/search"
SUMDB_FOLDER = "sumdb"
ARTIFACT_FOLDERS = {VULNDB: "vulndb", DOCUMENT: "documents"}
EXPLAIN_FOLDER = f"{ARTIFACT_FOLDERS[DOCUMENT]}/explain"
VERSIONS_FOLDER = "@v"
LIST_NAME = "list"
LATEST_NAME = "@latest"
NOT_FOUND_NAME = "404.txt"
_FILES = {kind.value: kind for kind in FileKind}
_MAX_NAME_BYTES = 255
_MAX_PATH_BYTES = 2048  # leaves room for the root within PATH_MAX
_PAGE_ID_DIGITS = 16
_PAGE_ID = compile_on_use("[0-9a-f]{16}")
_SEARCH_INDEX = compile_on_use(f"{_SEARCH}(?:-[0-9a-f]{{16}})?[.]js")
_DOWNLOAD = compile_on_use(
    r"index\.html|index\.json|SHA256SUMS"
    r"|go1[0-9a-z.]{0,30}\.[a-z0-9]{1,20}-[a-z0-9]{1,20}\.(?:tar\.gz|zip)"
)
_DOC = compile_on_use(
    f"{DOCS_FOLDER}/[A-Za-z0-9-]{{1,60}}([.][A-Za-z-]{{1,20}})?[.]html"
)
_UPPER = compile_on_use("[A-Z]")
_REVISION = compile_on_use("[0-9a-f]{7,64}")
_DATABASE_ELEMENT = compile_on_use("[A-Za-z0-9_~-][A-Za-z0-9._~:-]{0,199}")


class VersionRoutes(msgspec.Struct, frozen=True):
    """Where one version's files lie.

    Attributes:
        info: Its ``.info``.
        mod: Its ``.mod``.
        zip: Its ``.zip``.
        lookup: Its lookup, below a database's folder.
    """

    info: str
    mod: str
    zip: str
    lookup: str

    def file(self, kind: FileKind) -> str:
        """Return where one of its three files lies."""
        return {
            FileKind.INFO: self.info,
            FileKind.MOD: self.mod,
            FileKind.ZIP: self.zip,
        }[kind]


class ModuleRoutes(msgspec.Struct, frozen=True):
    """Where one module's files lie; made by ``of_module`` alone.

    Attributes:
        path: The module path, unescaped.
        folder: The escaped path.
        path_major: The path's major version suffix, which versions must fit.
    """

    path: str
    folder: str
    path_major: str

    @property
    def versions_folder(self) -> str:
        """The folder of all files but ``@latest``."""
        return f"{self.folder}/{VERSIONS_FOLDER}"

    @property
    def list(self) -> str:
        """The list of versions."""
        return f"{self.folder}/{VERSIONS_FOLDER}/{LIST_NAME}"

    @property
    def latest(self) -> str:
        """The newest version's information."""
        return f"{self.folder}/{LATEST_NAME}"

    @property
    def page(self) -> str:
        """The page for people."""
        return f"{self.folder}/{VERSIONS_FOLDER}/{ROOT_PAGE}"

    def of_version(self, version: str) -> VersionRoutes:
        """Return where the version's files lie.

        Raises:
            MalformedError: if the version does not fit the module, is not
                canonical, or is too long for a file name.
        """
        if not version or module.canonical_version(version) != version:
            raise MalformedError("version", version, "not canonical")
        module.check_path_major(version, self.path_major)
        escaped = module.escape_version(version)
        _check_name("version", version, f"{escaped}.info")
        lookup = f"{self.folder}@{escaped}"
        _check_name("module version", lookup, lookup.rpartition("/")[2])
        stem = f"{self.folder}/{VERSIONS_FOLDER}/{escaped}"
        return VersionRoutes(f"{stem}.info", f"{stem}.mod", f"{stem}.zip", lookup)

    def alias(self, revision: str) -> str:
        """Return where the alias of a commit lies.

        Raises:
            MalformedError: if the revision is not 7 to 64 lower-case hex digits.
        """
        if not _REVISION.fullmatch(revision):
            raise MalformedError("commit hash", revision, "not 7 to 64 hex digits")
        return f"{self.folder}/{VERSIONS_FOLDER}/{revision}.info"


def of_module(path: str) -> ModuleRoutes:
    """Return where the module's files lie.

    Raises:
        MalformedError: if it is no module path, is too long for a file system,
            or would stand where the tree has its own page.
    """
    folder = module.escape_path(path)
    if folder.partition("/")[0] in ROOT_FILES:
        raise MalformedError("module path", path, "a file of the tree has this name")
    if len(folder) > _MAX_PATH_BYTES:
        raise MalformedError("module path", path, f"over {_MAX_PATH_BYTES} bytes")
    for element in folder.split("/"):
        _check_name("module path", path, element)
    return ModuleRoutes(path, folder, module.split_path_version(path)[1])


def module_page(path: str) -> str:
    """Return where the page of a module lies that ``of_module`` took before.

    It is not checked again: a list of modules has thousands.
    """
    folder = _UPPER.sub(lambda found: f"!{found[0].lower()}", path)
    return f"{folder}/{VERSIONS_FOLDER}/{ROOT_PAGE}"


def sumdb_folder(name: str) -> str:
    """Return the folder of a checksum database.

    Raises:
        MalformedError: if the name would not be a plain folder below sumdb/.
    """
    if not all(_DATABASE_ELEMENT.fullmatch(element) for element in name.split("/")):
        raise MalformedError("checksum database name", name, "not a plain path")
    return f"{SUMDB_FOLDER}/{name}"


def list_page(first: str) -> str:
    """Return where the page of the list of modules lies that this one begins."""
    return f"{PAGES_FOLDER}/{_page_id(first)}/{ROOT_PAGE}"


def search_index(first: str) -> str:
    """Return where the part of the search index lies that this module begins.

    The part before all that a module begins, "", is always there.
    """
    return f"{_SEARCH}-{_page_id(first)}.js" if first else f"{_SEARCH}.js"


def is_search_index(path: str) -> bool:
    """Return whether a path is a part's of the search index."""
    return _SEARCH_INDEX.fullmatch(path) is not None


def _page_id(first: str) -> str:
    return sha256(first.encode()).hexdigest()[:_PAGE_ID_DIGITS]


def page_of_name(name: str) -> str | None:
    """Return the page that a name in the pages' folder stands for, or None."""
    return f"{PAGES_FOLDER}/{name}/{ROOT_PAGE}" if _PAGE_ID.fullmatch(name) else None


def is_download(path: str) -> bool:
    """Return whether a path is a file's in the folder of Go's archives."""
    folder, _, name = path.rpartition("/")
    return folder == DOWNLOADS_FOLDER and _DOWNLOAD.fullmatch(name) is not None


def is_doc(path: str) -> bool:
    """Return whether a path is a page's of the documentation."""
    return _DOC.fullmatch(path) is not None


def artifact_file(kind: str, name: str) -> str | None:
    """Return where an artifact lies; None for a kind that has no place in the tree.

    Raises:
        MalformedError: if the name is none.
    """
    check_artifact_name(name)
    folder = ARTIFACT_FOLDERS.get(kind)
    return None if folder is None else f"{folder}/{name}"


def artifact_of(path: str) -> tuple[str, str] | None:
    """Return kind and name of the artifact that lies there, or None.

    The inverse of ``artifact_file``.
    """
    folder, _, name = path.partition("/")
    kinds = [kind for kind, its in ARTIFACT_FOLDERS.items() if its == folder]
    try:
        check_artifact_name(name)
    except MalformedError:
        return None
    return (kinds[0], name) if kinds else None


def revision_of_alias(name: str) -> str | None:
    """Return the revision that a name in ``@v/`` stands for, or None."""
    stem, dot, kind = name.rpartition(".")
    return stem if dot and kind == "info" and _REVISION.fullmatch(stem) else None


def version_of_name(name: str) -> tuple[str, FileKind] | None:
    """Return the version and the kind that a name in ``@v/`` stands for, or None."""
    stem, dot, kind = name.rpartition(".")
    file = _FILES.get(kind) if dot else None
    if file is None:
        return None
    version = _unescaped_version(stem)
    return None if version is None else (version, file)


@lru_cache(maxsize=20_000)  # a server reads the same folders again and again
def _unescaped_version(stem: str) -> str | None:
    """Return the canonical version that is escaped so, or None."""
    try:
        version = module.unescape_version(stem)
    except MalformedError:
        return None
    return version if version and module.canonical_version(version) == version else None


def module_of_folder(folder: str) -> ModuleRoutes | None:
    """Return the module whose ``@v`` folder this is, or None."""
    escaped, slash, name = folder.rpartition("/")
    if not slash or name != VERSIONS_FOLDER:
        return None
    try:
        return of_module(module.unescape_path(escaped))
    except MalformedError:
        return None


def _check_name(what: str, value: str, name: str) -> None:
    if len(name) > _MAX_NAME_BYTES:
        raise MalformedError(what, value, f"a name of over {_MAX_NAME_BYTES} bytes")
