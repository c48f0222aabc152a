"""Request paths of a GOPROXY: what each asks for, and back. Pure.

The paths of a published tree (``routes``) and what else ``go`` asks a proxy for::

    M/@v/list            list       M/@latest                    latest
    M/@v/V.info .mod .zip           info, mod, zip
    M/@v/QUERY.info      query      a branch, a commit, or a tag that has another major
                                    version than the path: v2.0.0+incompatible's
    M/@v/index.html      module page   M/@v/index.zh.html        module page
    sumdb/NAME/supported supported  sumdb/NAME/latest            head
    sumdb/NAME/lookup/M@V lookup    sumdb/NAME/tile/8/L/NNN      tile
    index.html, modules/ID/index.html page
    index.zh.html, modules/ID/index.zh.html page
    modules/search.js, modules/search-ID.js, docs/NAME.html page
    modules/feed.atom    feed       status.json                  status
    vulndb/NAME, documents/NAME artifact
    index                index      index/DAY.jsonl ...          index

Paths are as in the tree: relative, escaped as ``go`` escapes modules, and no more
percent-encoded. Who reads a web server's log takes off the prefix of its URL and
decodes it first. A path that is none of these is nobody's: None.
"""

from __future__ import annotations

from contextlib import suppress
from enum import StrEnum
from typing import Final

import msgspec
from msgspec.structs import replace

from gosync.errors import MalformedError
from gosync.folder.indexfiles import INDEX_FOLDER, is_index_file
from gosync.folder.routes import (
    DOCS_FOLDER,
    DOWNLOADS_FOLDER,
    FEED,
    LATEST_NAME,
    LIST_NAME,
    PAGE_NAMES,
    PAGES_FOLDER,
    ROOT_PAGE,
    SETUP_PS1,
    SETUP_SH,
    STATUS,
    SUMDB_FOLDER,
    VERSIONS_FOLDER,
    artifact_file,
    artifact_of,
    is_doc,
    is_download,
    is_search_index,
    of_module,
    page_of_name,
    sumdb_folder,
    version_of_name,
)
from gosync.gomod import module
from gosync.gomod.filekind import FileKind
from gosync.sumdb.tile import parse_tile_path

_INFO: Final = ".info"
_LOOKUP: Final = "lookup"
_TILE: Final = "tile"


class ProxyRequestKind(StrEnum):
    """What a request is for; the first three have FileKind's values."""

    INFO = FileKind.INFO.value
    MOD = FileKind.MOD.value
    ZIP = FileKind.ZIP.value
    LIST = "list"
    LATEST = "latest"
    QUERY = "query"
    MODULE_PAGE = "module page"
    SUPPORTED = "supported"
    HEAD = "head"
    LOOKUP = "lookup"
    TILE = "tile"
    PAGE = "page"
    FEED = "feed"
    STATUS = "status"
    ARTIFACT = "artifact"
    INDEX = "index"


_PLAIN: Final = {
    FEED: ProxyRequestKind.FEED,
    STATUS: ProxyRequestKind.STATUS,
    INDEX_FOLDER: ProxyRequestKind.INDEX,
}
_ROOT_PAGES: Final = frozenset({*PAGE_NAMES, SETUP_SH, SETUP_PS1})
_PAGE_FOLDERS: Final = (PAGES_FOLDER, INDEX_FOLDER, DOWNLOADS_FOLDER, DOCS_FOLDER)
_OF_DATABASE: Final = {
    "supported": ProxyRequestKind.SUPPORTED,
    "latest": ProxyRequestKind.HEAD,
}


class ProxyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for.

    Attributes:
        kind: What it is.
        module: The module path, unescaped, "" where it is of none.
        version: The version, or a query's branch or commit, unescaped, "" for none.
        database: The checksum database's name, "" for none.
        tile: A tile's path below its database: ``tile/8/0/000``, "" for none.
        page: A page's path, ``index.html`` for the first, or a file's of the index; of
            a module its name, where that is another one; "" for none.
        artifact: An artifact's kind (``gosync.artifact``), "" for none.
        name: That artifact's name.
    """

    kind: ProxyRequestKind
    module: str = ""
    version: str = ""
    database: str = ""
    tile: str = ""
    page: str = ""
    artifact: str = ""
    name: str = ""


def parse_request(path: str) -> ProxyRequest | None:
    """Return what a path asks for, None where it is nothing that is asked for."""
    if (kind := _PLAIN.get(path)) is not None:
        return ProxyRequest(kind=kind)
    if path in _ROOT_PAGES or path.partition("/")[0] in _PAGE_FOLDERS:
        return _parse_page(path)
    if (found := artifact_of(path)) is not None:
        artifact, name = found
        kind = ProxyRequestKind.ARTIFACT
        return ProxyRequest(kind=kind, artifact=artifact, name=name)
    with suppress(MalformedError):
        if path.startswith(f"{SUMDB_FOLDER}/"):
            return _parse_sumdb(path.removeprefix(f"{SUMDB_FOLDER}/"))
        return _parse_module(path)
    return None


def format_request(request: ProxyRequest) -> str:
    """Return the path that asks for something: ``parse_request``'s inverse.

    Raises:
        MalformedError: if there is no place for such a module, version or database.
    """
    if request.page and not request.module:
        return request.page
    if request.database:
        return f"{sumdb_folder(request.database)}/{_in_database(request)}"
    if request.artifact:
        return _of_artifact(request)
    if not request.module:
        return next(path for path, kind in _PLAIN.items() if kind is request.kind)
    return _of_module_path(request)


def _of_artifact(request: ProxyRequest) -> str:
    path = artifact_file(request.artifact, request.name)
    if path is None:
        raise MalformedError("artifact kind", request.artifact, "has no place here")
    return path


def _of_module_path(request: ProxyRequest) -> str:
    routes = of_module(request.module)
    if request.kind is ProxyRequestKind.QUERY:
        query = module.escape_version(request.version)
        return f"{routes.versions_folder}/{query}{_INFO}"
    if request.version:
        files = routes.of_version(request.version)
        return {
            ProxyRequestKind.INFO: files.info,
            ProxyRequestKind.MOD: files.mod,
            ProxyRequestKind.ZIP: files.zip,
        }[request.kind]
    return {
        ProxyRequestKind.LATEST: routes.latest,
        ProxyRequestKind.LIST: routes.list,
        ProxyRequestKind.MODULE_PAGE: (
            f"{routes.versions_folder}/{request.page or ROOT_PAGE}"
        ),
    }[request.kind]


def _in_database(request: ProxyRequest) -> str:
    if request.kind is ProxyRequestKind.LOOKUP:
        files = of_module(request.module).of_version(request.version)
        return f"{_LOOKUP}/{files.lookup}"
    if request.kind is ProxyRequestKind.TILE:
        return request.tile
    return next(n for n, kind in _OF_DATABASE.items() if kind is request.kind)


def _parse_page(path: str) -> ProxyRequest | None:
    if is_index_file(path):
        return ProxyRequest(kind=ProxyRequestKind.INDEX, page=path)
    folder, _, name = path.rpartition("/")
    page = page_of_name(folder.removeprefix(f"{PAGES_FOLDER}/"))
    is_listed = name in PAGE_NAMES and page == f"{folder}/{ROOT_PAGE}"
    is_page = path in _ROOT_PAGES or is_listed
    others = is_search_index(path) or is_download(path) or is_doc(path)
    if not (is_page or others):
        return None
    return ProxyRequest(kind=ProxyRequestKind.PAGE, page=path)


def _parse_sumdb(path: str) -> ProxyRequest | None:
    """Return what is asked of a database; its name may have slashes."""
    parts = path.split("/")
    for at, part in enumerate(parts[1:], 1):
        database, below = "/".join(parts[:at]), "/".join(parts[at:])
        if part in {_LOOKUP, _TILE} or below in _OF_DATABASE:
            sumdb_folder(database)
            return _parse_in_database(database, below)
    return None


def _parse_in_database(database: str, path: str) -> ProxyRequest | None:
    if (kind := _OF_DATABASE.get(path)) is not None:
        return ProxyRequest(kind=kind, database=database)
    folder, _, name = path.partition("/")
    if folder == _TILE:
        parse_tile_path(path)
        return ProxyRequest(kind=ProxyRequestKind.TILE, database=database, tile=path)
    escaped, at, version = name.rpartition("@")
    if not at:
        return None
    asked = ProxyRequest(
        kind=ProxyRequestKind.LOOKUP,
        module=module.unescape_path(escaped),
        version=module.unescape_version(version),
        database=database,
    )
    return asked if format_request(asked).endswith(f"/{path}") else None


def _parse_module(path: str) -> ProxyRequest | None:
    folder, found, name = path.rpartition(f"/{VERSIONS_FOLDER}/")
    if not found:
        folder, _, name = path.rpartition("/")
        return (
            _of_module(ProxyRequestKind.LATEST, folder) if name == LATEST_NAME else None
        )
    if name == LIST_NAME:
        return _of_module(ProxyRequestKind.LIST, folder)
    if name in PAGE_NAMES:
        page = _of_module(ProxyRequestKind.MODULE_PAGE, folder)
        return page if name == ROOT_PAGE else replace(page, page=name)
    return _parse_version(folder, name)


def _of_module(kind: ProxyRequestKind, folder: str) -> ProxyRequest:
    return ProxyRequest(kind=kind, module=of_module(module.unescape_path(folder)).path)


def _parse_version(folder: str, name: str) -> ProxyRequest | None:
    routes = of_module(module.unescape_path(folder))
    file = version_of_name(name)
    if file is not None and not _is_query(routes.path, *file):
        version, kind = file
        routes.of_version(version)
        return ProxyRequest(
            kind=ProxyRequestKind(kind), module=routes.path, version=version
        )
    if not name.endswith(_INFO):
        return None
    query = module.unescape_version(name.removesuffix(_INFO))
    return ProxyRequest(kind=ProxyRequestKind.QUERY, module=routes.path, version=query)


def _is_query(path: str, version: str, kind: FileKind) -> bool:
    """Return whether a version is the name of a tag, and its version another one."""
    fits = module.match_path_major(version, module.split_path_version(path)[1])
    return kind is FileKind.INFO and not fits
