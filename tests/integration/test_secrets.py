"""Planted passwords and tokens: nothing that gosync writes or says has them.

One is planted in every key of the configuration that takes text, whatever the key is
for; others open an upstream that wants them, from URLs and from netrc. All that came
to be is read: tree, store, catalog with its log, metrics, bundles, and both streams of
every command.
"""

from __future__ import annotations

import base64
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec
import pytest

from gosync.config.convert import SECRET_KEYS
from gosync.config.schema import FileSchema, Section
from gosync.demo.exchange import HttpAnswer, HttpRequest
from tests.integration.inprocess import InProcessSite
from tests.integration.result import Result
from tests.integration.site import OK, USAGE, Site
from tests.simulator import Simulator
from tests.simulator.standard import module
from tests.tiers import EVERY_STEP, shared_out, spread

SECRET = "SECRETWORD"
TOKEN = base64.b64encode(f"planted:{SECRET}".encode()).decode()
NOWHERE = "127.0.0.1:1"
SHAPES = [
    f"https://planted:{SECRET}@{NOWHERE}/x",
    f"https://planted:{SECRET}/y@{NOWHERE}/x",
    f"https://planted:{SECRET}#y@{NOWHERE}/x",
    f"https://planted:{SECRET}?y@{NOWHERE}/x",
    f"https://planted:9%2F{SECRET}@{NOWHERE}/x",
    f"http://planted:{SECRET}@{NOWHERE}/x",
    f"ftp://planted:{SECRET}@{NOWHERE}/x",
    f"planted:{SECRET}@{NOWHERE}/x",
    f"https://{NOWHERE}/x?token={SECRET}",
    f"sum.golang.org https://planted:{SECRET}@{NOWHERE}",
]
COMMANDS: list[list[str]] = [
    ["config", "show"],
    ["config", "check"],
    ["status"],
    ["plan"],
    ["sync", "-vv"],
    ["run", "--once", "sync", "-vv"],
    ["run", "--once", "audit"],
    ["publish"],
    ["list", "--all"],
    ["bundle", "list"],
    ["audit", "-vv"],
    ["verify", "--offline"],
]


def text_keys(
    section: type[Section] = FileSchema, key: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield every key that takes text, and whether it takes a list of it."""
    for field in msgspec.structs.fields(section):
        kinds = [field.type, *get_args(field.type)]
        inner = [kind for kind in kinds if isinstance(kind, type)]
        sections = [kind for kind in inner if issubclass(kind, Section)]
        if sections:
            yield from text_keys(sections[0], (*key, field.name))
        elif any(issubclass(kind, str) for kind in inner):
            yield (*key, field.name), get_origin(field.type) is list


KEYS = dict(text_keys())
ARRAYS = {"select": {"modules": ["a.example/b"]}, "project": {"path": "."}}


def planted(key: tuple[str, ...], value: str) -> dict[str, Any]:
    """Return the sections of a configuration with a value in one key."""
    inner: Any = [value] if KEYS[key] else value
    for name in reversed(key[1:]):
        inner = {name: inner}
    if key[0] not in ("select", "project", "target"):
        return {key[0]: inner}
    return {key[0]: [ARRAYS.get(key[0], {"name": "site"}) | inner]}


def merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    tables = {
        k: {**one[k], **v} for k, v in other.items() if isinstance(one.get(k), dict)
    }
    return {**one, **other, **tables}


def toml(values: Mapping[str, Any], name: str = "") -> str:
    """Write a table, its keys before the tables below it."""
    encode = msgspec.json.encode
    lines = [
        f"{key} = {encode(value).decode()}"
        for key, value in values.items()
        if not isinstance(value, dict) and not _is_tables(value)
    ]
    text = (f"[{name}]\n" if name else "") + "\n".join(lines) + "\n"
    for key, value in values.items():
        below = f"{name}.{key}".lstrip(".")
        if isinstance(value, dict):
            text += toml(value, below)
        elif _is_tables(value):
            text += "".join(
                f"[{toml(each, f'[{below}]')}".replace("[[[", "[[", 1) for each in value
            )
    return text


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def leaks(folder: Path, results: list[tuple[str, Result]], *but: str) -> list[str]:
    """Return where a secret was written or said."""
    found = [
        f"gosync {name}: {line}"
        for name, result in results
        for line in f"{result.stdout}\n{result.stderr}".splitlines()
        if SECRET in line or TOKEN in line
    ]
    for file in sorted(folder.rglob("*")):
        status = file.lstat()
        if stat.S_ISREG(status.st_mode) and file.name not in but:
            data = file.read_bytes() + str(file).encode()
            if SECRET.encode() in data or TOKEN.encode() in data:
                found.append(str(file))
    return found


def _tried(checked: Result) -> list[list[str]]:
    """Return what to run; of what stops at its configuration no more than two."""
    refused = checked.code == USAGE and not EVERY_STEP
    return [["config", "show"], ["sync", "-vv"]] if refused else COMMANDS


@pytest.mark.sampled
@pytest.mark.parametrize("key", shared_out(spread(sorted(KEYS), 80)), ids=".".join)
def test_no_key_of_the_configuration_leaks(tmp_path: Path, key: tuple[str, ...]):
    """A new key of the schema is tried by itself."""
    shapes = SHAPES if key in SECRET_KEYS else SHAPES[:2] + SHAPES[7:9]
    base = {
        "store": {"path": "var", "min_free": "1MiB"},
        "upstream": {"proxies": f"http://{NOWHERE}", "retries": 0, "sumdb": "off"},
        "daemon": {"metrics_file": "metrics.prom"},
        "select": [{"modules": ["a.example/b"]}],
        "publish": {"tree": "public"},
    }
    for number, shape in enumerate(shapes):
        folder = tmp_path / str(number)
        site = InProcessSite(folder, upstream={"proxies": "off", "sumdb": "off"})
        site.config_file.write_text(toml(merged(base, planted(key, shape))))
        checked = site.run("config", "check")
        results = [("config check", checked)]
        results += [(" ".join(each), site.run(*each)) for each in _tried(checked)]
        assert leaks(folder, results, "gosync.toml") == [], shape
        for name, result in results:
            assert result.code != 1, (name, result.stderr)
            assert "Traceback" not in result.stderr, (name, result.stderr)


@pytest.mark.sampled
@pytest.mark.parametrize("key", shared_out(spread(sorted(KEYS), 80)), ids=".".join)
def test_no_variable_leaks(tmp_path: Path, key: tuple[str, ...], monkeypatch):
    if len(key) != 2 or key[0] in ("select", "project", "target"):
        return
    site = InProcessSite(tmp_path, upstream={"proxies": "off", "sumdb": "off"})
    for shape in (SHAPES[0], SHAPES[2], SHAPES[7]):
        monkeypatch.setenv(f"GOSYNC_{'_'.join(key).upper()}", shape)
        results = [(" ".join(each), site.run(*each)) for each in COMMANDS[:4]]
        assert leaks(tmp_path, results) == [], shape


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "arguments",
    [
        ["verify", "{}"],
        ["verify", "{}", "--module", "a.example/b"],
        ["verify", "public", "--proxy", "{}"],
        ["verify", "public", "--sumdb", "{}"],
        ["verify", "public", "--private", "{}"],
        ["closure", "{}", "--tree", "{}", "--sumdb", "{}"],
        ["show", "{}"],
        ["why", "{}"],
        ["sync", "{}"],
        ["list", "{}"],
        ["bundle", "import", "{}"],
        ["bundle", "create", "{}"],
        ["{}"],
        ["status", "{}"],
        ["config", "{}"],
        ["verify", "--subset", "{}"],
        ["sync", "--wait-lock", "{}"],
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_no_argument_leaks(tmp_path: Path, arguments: list[str], shape: str):
    site = InProcessSite(tmp_path, upstream={"proxies": "off", "sumdb": "off"})
    site.tree.mkdir()
    given = [each.format(shape) for each in arguments]
    result = site.run(*given)

    assert result.code != 1, result.stderr
    assert leaks(tmp_path, [(" ".join(arguments), result)]) == []


@pytest.mark.sampled
@pytest.mark.parametrize("name", spread(["HTTPS_PROXY", "HTTP_PROXY"], 1))
@pytest.mark.parametrize("shape", SHAPES)
def test_no_http_proxy_leaks(tmp_path: Path, name: str, shape: str, monkeypatch):
    monkeypatch.setenv(name, shape)
    upstream = {"proxies": "http://h.example", "sumdb": "off", "retries": 0}
    site = InProcessSite(tmp_path, modules=["a.example/b"], upstream=upstream)
    results = [(" ".join(each), site.run(*each)) for each in COMMANDS]

    assert leaks(tmp_path, results) == []
    assert all(result.code != 1 for _, result in results)


def guard(sim: Simulator) -> None:
    """Ask every request for the login, or the token, and echo what was sent."""

    def change(request: HttpRequest, answer: HttpAnswer) -> HttpAnswer:
        said = request.headers.get("authorization", "")
        opened = said == f"Basic {TOKEN}" or request.query.get("token") == SECRET
        echo = (("X-Echo", f"{said} {request.target} {SECRET}"),)
        if not opened or "/refused.example/" in request.path:
            body = f"no: {said} {request.target} {SECRET}\n".encode()
            return HttpAnswer(403 if opened else 401, body, headers=echo)
        if "/moved.example/" in request.path:
            there = f"https://planted:{SECRET}@{NOWHERE}/signed?key={SECRET}"
            return HttpAnswer(302, b"", headers=(("Location", there),))
        return msgspec.structs.replace(answer, headers=(*answer.headers, *echo))

    sim.fault("*", change)


@pytest.mark.parametrize("way", ["url", "netrc"])
def test_what_opens_an_upstream_is_written_nowhere(tmp_path: Path, way: str):
    with Simulator(tls=True) as sim:
        for path in ("open.example/m", "refused.example/m", "moved.example/m"):
            sim.publish(module(path, "v1.0.0"))
        guard(sim)
        url = sim.url
        login = url.replace("//", f"//planted:{SECRET}@") if way == "url" else url
        index = f"{url}/index?token={SECRET}" if way == "url" else f"{url}/index"
        site = Site(
            tmp_path / "site",
            sim,
            modules=["open.example/m", "refused.example/m", "moved.example/m"],
            upstream={
                "proxies": login,
                "index": index,
                "ca_file": str(sim.ca_file),
                "sumdb": sim.verifier_key,
                "retries": 0,
            },
        )
        if way == "netrc":
            netrc = site.folder / "home" / ".netrc"
            netrc.write_text(f"machine 127.0.0.1 login planted password {SECRET}\n")
        site.declare(
            target=[{"name": "site", "keys": ["packer.key"]}],
            daemon={"metrics_file": "metrics.prom"},
            hooks={
                "on_failure": [
                    f"https://planted:{SECRET}@{NOWHERE}/{SECRET}?x={SECRET}",
                    f"sh -c 'echo no https://planted:{SECRET}@h/; exit 3'",
                ]
            },
        )
        commands = [
            ["key", "new", "packer"],
            ["sync", "-vv"],
            ["run", "--once", "sync", "-vv"],
            *COMMANDS,
            ["show", "open.example/m@v1.0.0"],
            ["why", "open.example/m@v1.0.0"],
            ["verify"],
            ["verify", "public"],
            ["verify", login, "--module", "open.example/m"],
            ["bundle", "create", "site", "--out", "out"],
            ["catalog", "rebuild"],
            ["status"],
        ]
        results = [(" ".join(each), site.run(*each)) for each in commands]
        by_name = dict(results)

    assert site.carried() == {"open.example/m@v1.0.0"}
    assert by_name[f"verify {login} --module open.example/m"].code == OK
    assert list((tmp_path / "site" / "out").rglob("*")) != []
    assert leaks(tmp_path, results, "gosync.toml", ".netrc") == []


def test_a_cursor_of_before_keeps_its_place_and_loses_its_password(tmp_path: Path):
    from gosync.catalog.db import Catalog  # noqa: PLC0415 - of this test alone
    from gosync.upstream.urls import strip_secrets  # noqa: PLC0415 - same

    old = f"https://planted:{SECRET}@h.example/index?token={SECRET}"
    file = tmp_path / "catalog.sqlite"
    with Catalog.open(file, create=True) as catalog:
        cursors = catalog.cursors
        cursors.move(old, {"a/*": None, "b/*": None}, "2026-01-02T00:00:00Z")
        cursors.move("https://h.example/index", {"b/*": None}, "2026-01-03T00:00:00Z")
        cursors.move("https://i.example", {"a/*": None}, "2026-01-01T00:00:00Z")

        assert cursors.rename_indexes(strip_secrets) == 1
        assert cursors.rename_indexes(strip_secrets) == 0
        assert cursors.get("https://h.example/index", "a/*") == "2026-01-02T00:00:00Z"
        assert cursors.get("https://h.example/index", "b/*") == "2026-01-03T00:00:00Z"
        assert cursors.get("https://i.example", "a/*") == "2026-01-01T00:00:00Z"
        assert leaks(tmp_path, []) == []
    assert leaks(tmp_path, []) == []


def test_a_pass_goes_on_where_the_index_was_read_up_to(tmp_path: Path):
    """The catalog of before has the cursor under the URL with its password."""
    from gosync.catalog.db import Catalog  # noqa: PLC0415 - of this test alone

    with Simulator(tls=True) as sim:
        sim.publish(module("open.example/m", "v1.0.0"))
        guard(sim)
        login = sim.url.replace("//", f"//planted:{SECRET}@")
        upstream = {
            "proxies": login,
            "index": f"{login}/index",
            "ca_file": str(sim.ca_file),
            "sumdb": sim.verifier_key,
        }
        site = Site(
            tmp_path / "site", sim, modules=["open.example/*"], upstream=upstream
        )
        site.sync()
        file = site.store / "catalog.sqlite"
        with Catalog.open(file, create=False) as catalog:
            since = catalog.cursors.get(f"{sim.url}/index", "open.example/*")
            assert since is not None
            assert catalog.cursors.rename_indexes(lambda _: f"{login}/index") == 1
        assert leaks(site.folder, [], "gosync.toml") != []
        mark = sim.mark()
        site.sync()
        asked = [logged.request for logged in sim.requests_since(mark)]

    assert [r.query["since"] for r in asked if r.path == "/index"] == [since]
    assert leaks(site.folder, [], "gosync.toml") == []
