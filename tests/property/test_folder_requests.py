"""ProxyRequest paths and layouts read in both directions say the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosync.folder.athens import AthensLayout
from gosync.folder.layouts import FILES, Layout, Part, PathPlace, Role, TargetKind
from gosync.folder.requests import (
    ProxyRequest,
    ProxyRequestKind,
    format_request,
    parse_request,
)
from gosync.folder.routes import PAGE_NAMES, ROOT_PAGE, list_page
from gosync.gomod.module import ModuleVersion
from gosync.sumdb.tile import Tile
from tests.property.test_verify_names import LAYOUTS, PATHS, VERSIONS

_MODULES = st.sampled_from(
    ["example.com/Upper/m", "example.com/m/v2", "gopkg.in/yaml.v2", "rsc.io/quote"]
)
_DATABASES = st.sampled_from(["sum.golang.org", "sum.corp.example/go"])
_TILES = st.builds(
    Tile,
    st.just(8),
    st.integers(0, 3),
    st.integers(0, 2_000_000),
    st.integers(1, 256),
).map(lambda tile: tile.path())
_PAGES = st.builds(
    lambda page, name: f"{page.removesuffix(ROOT_PAGE)}{name}",
    st.one_of(st.just(ROOT_PAGE), _MODULES.map(list_page)),
    st.sampled_from(PAGE_NAMES),
)
_OF_MODULE = (
    ProxyRequestKind.LIST,
    ProxyRequestKind.LATEST,
    ProxyRequestKind.MODULE_PAGE,
)
_OF_VERSION = (ProxyRequestKind.INFO, ProxyRequestKind.MOD, ProxyRequestKind.ZIP)
_REQUESTS = st.one_of(
    st.builds(
        ProxyRequest,
        kind=st.just(ProxyRequestKind.ARTIFACT),
        artifact=st.sampled_from(["vulndb", "document"]),
        name=st.sampled_from(["index/modules.json", "ID/GO-2024-0001.json", "a@v"]),
    ),
    st.builds(ProxyRequest, kind=st.sampled_from(_OF_MODULE), module=_MODULES),
    st.builds(
        ProxyRequest,
        kind=st.just(ProxyRequestKind.MODULE_PAGE),
        module=_MODULES,
        page=st.sampled_from(PAGE_NAMES[1:]),
    ),
    st.builds(
        lambda kind, mv: ProxyRequest(kind=kind, module=mv.path, version=mv.version),
        st.sampled_from(_OF_VERSION),
        VERSIONS,
    ),
    st.builds(
        ProxyRequest,
        kind=st.just(ProxyRequestKind.QUERY),
        module=_MODULES,
        version=st.sampled_from(["master", "Release-1", "abcdef0", "v1", "v1.2"]),
    ),
    st.builds(
        lambda mv, database: ProxyRequest(
            kind=ProxyRequestKind.LOOKUP,
            module=mv.path,
            version=mv.version,
            database=database,
        ),
        VERSIONS,
        _DATABASES,
    ),
    st.builds(
        ProxyRequest,
        kind=st.just(ProxyRequestKind.TILE),
        database=_DATABASES,
        tile=_TILES,
    ),
    st.builds(
        ProxyRequest,
        kind=st.sampled_from([ProxyRequestKind.SUPPORTED, ProxyRequestKind.HEAD]),
        database=_DATABASES,
    ),
    st.builds(ProxyRequest, kind=st.just(ProxyRequestKind.PAGE), page=_PAGES),
    st.builds(
        ProxyRequest,
        kind=st.sampled_from(
            [ProxyRequestKind.FEED, ProxyRequestKind.STATUS, ProxyRequestKind.INDEX]
        ),
    ),
)


@given(_REQUESTS)
def test_a_request_is_read_back_from_its_path(request: ProxyRequest):
    assert parse_request(format_request(request)) == request


@given(PATHS)
def test_any_path_asks_for_what_leads_to_it_or_for_nothing(path: str):
    request = parse_request(path)

    assert request is None or format_request(request) == path


@pytest.mark.parametrize(
    ("path", "request_"),
    [
        (
            "github.com/!burnt!sushi/toml/@v/v0.3.1.mod",
            ProxyRequest(
                kind=ProxyRequestKind.MOD,
                module="github.com/BurntSushi/toml",
                version="v0.3.1",
            ),
        ),
        (
            "sumdb/sum.golang.org/lookup/rsc.io/quote@v1.5.2",
            ProxyRequest(
                kind=ProxyRequestKind.LOOKUP,
                module="rsc.io/quote",
                version="v1.5.2",
                database="sum.golang.org",
            ),
        ),
        (
            "rsc.io/quote/@v/master.info",
            ProxyRequest(
                kind=ProxyRequestKind.QUERY, module="rsc.io/quote", version="master"
            ),
        ),
    ],
)
def test_what_go_asks_for_is_named(path: str, request_: ProxyRequest):
    assert parse_request(path) == request_


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "rsc.io/quote",
        "rsc.io/quote/@v/v1.5.2",
        "rsc.io/quote/@v/master.mod",
        "rsc.io/Quote/@v/list",
        "rsc.io/quote/@v/v2.0.0.zip",
        "modules/01/index.html",
        "modules/1/index.html",
        "modules/1/index.zh.html",
        "rsc.io/quote/@v/index.fr.html",
        "sumdb/sum.golang.org/tile/8/0/x001",
        "sumdb/sum.golang.org/lookup/rsc.io/quote",
        ".gosync/tree.json",
        "../@v/list",
    ],
)
def test_what_is_no_request_is_nothing(path: str):
    assert parse_request(path) is None


@st.composite
def _placed(draw: st.DrawFn) -> tuple[Layout, PathPlace]:
    """Draw a layout, and a file that it has."""
    layout = draw(st.sampled_from(LAYOUTS))
    mv = draw(VERSIONS)
    if isinstance(layout, AthensLayout):
        return layout, PathPlace(role=draw(st.sampled_from(FILES)), mv=mv)
    of_module: list[Part] = [Role.LIST, Role.LATEST]
    of_version: list[Part] = [*FILES]
    if layout.kind is TargetKind.MODCACHE:
        of_version += [Role.ZIPHASH, Role.LOCK, Role.PARTIAL, Role.EXTRACTED]
    roles: list[Part] = [*of_module, *of_version, Role.ALIAS, Role.TILE]
    role = draw(st.sampled_from(roles))
    if role is Role.TILE:
        return layout, PathPlace(
            role=role, database=draw(_DATABASES), name=draw(_TILES)
        )
    if role in of_module:
        mv = ModuleVersion(mv.path, "")
    if role is Role.ALIAS:
        mv = ModuleVersion(mv.path, "Branch")
    return layout, PathPlace(role=role, mv=mv)


@given(_placed())
def test_a_place_is_read_back_from_its_path(placed: tuple[Layout, PathPlace]):
    layout, place = placed

    assert layout.place(layout.path(place), is_folder=False) == place


@given(PATHS, st.sampled_from(LAYOUTS))
def test_any_path_is_that_of_its_place(path: str, layout: Layout):
    place = layout.place(path, is_folder=False)

    if place.is_named:
        assert layout.path(place) == path


def test_a_version_that_fits_another_path_is_a_question() -> None:
    asked = parse_request("rsc.io/breaker/@v/v2.0.0.info")
    assert asked is not None
    assert (asked.kind, asked.version) == (ProxyRequestKind.QUERY, "v2.0.0")
    assert format_request(asked) == "rsc.io/breaker/@v/v2.0.0.info"
    assert parse_request("rsc.io/breaker/@v/v2.0.0.mod") is None
