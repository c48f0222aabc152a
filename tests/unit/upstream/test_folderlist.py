"""A mirror without lists that shows its folders: its versions are read from these."""

from __future__ import annotations

import pytest

from gosync.errors import NotFoundError
from gosync.upstream.folderlist import versions_of_folder
from gosync.upstream.goproxy import parse_goproxy
from gosync.upstream.http import Fetcher
from gosync.upstream.proxy import ProxyClient
from gosync.upstream.sources import Sources
from tests.unit.upstream.conftest import QUICK
from tests.unit.upstream.scriptserver import ScriptServer, answer

NGINX = b"""<html><head><title>Index of /a.example/m/@v/</title></head><body><pre>
<a href="../">../</a>
<a href="v1.0.0.info">v1.0.0.info</a>      27-Nov-2026 12:00   50
<a href="v1.0.0.mod">v1.0.0.mod</a>
<a href="v1.0.0.zip">v1.0.0.zip</a>
<a href="v1.1.0-%21r%21c1.mod">v1.1.0-!r!c1.mod</a>
<a href="v9.9.9.zip">v9.9.9.zip</a>
<a href="notes.txt">notes.txt</a></pre></body></html>"""
APACHE = b"<td><a href='/go/a.example/m/@v/v2.0.0+incompatible.info'>x</a></td>"
CADDY = b'<a href="./v1.2.3.mod"><span class="name">v1.2.3.mod</span></a>'


def test_links_of_three_servers_are_read() -> None:
    assert versions_of_folder(NGINX) == ("v1.0.0", "v1.1.0-RC1")
    assert versions_of_folder(APACHE) == ("v2.0.0+incompatible",)
    assert versions_of_folder(CADDY) == ("v1.2.3",)
    assert versions_of_folder(b"not found") == ()


async def test_a_missing_list_is_made_of_the_folder(server: ScriptServer) -> None:
    server.script("/a.example/m/@v/list", answer(b"", status=404))
    server.script("/a.example/m/@v/", answer(NGINX))
    async with Fetcher(QUICK, environment={}) as fetcher:
        sources = Sources(parse_goproxy(server.url), fetcher)
        found = await ProxyClient(sources).versions("a.example/m")
        assert found.versions == ("v1.0.0", "v1.1.0-RC1")
        assert sources.at(server.url).circuit.gaps == {"folder-list"}


async def test_who_shows_no_folders_is_asked_for_three(server: ScriptServer) -> None:
    for number in range(5):
        server.script(f"/a.example/m{number}/@v/list", answer(b"", status=404))
        server.script(f"/a.example/m{number}/@v/", answer(b"", status=404))
    async with Fetcher(QUICK, environment={}) as fetcher:
        client = ProxyClient(Sources(parse_goproxy(server.url), fetcher))
        for number in range(5):
            with pytest.raises(NotFoundError):
                await client.versions(f"a.example/m{number}")
    assert sum(each.endswith("/@v/") for each in server.targets) == 3
