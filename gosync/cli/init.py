"""``gosync init``: a commented configuration to start from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

import click

from gosync.cli.options import CommonOptions, common_options
from gosync.cli.streams import is_terminal
from gosync.demo.samples import read_sample
from gosync.errors import ConfigError, MalformedError, UsageError
from gosync.site.places import begin_record
from gosync.sumdb.names import parse_gosumdb
from gosync.upstream.goproxy import ProxyList, parse_goproxy

PROBE_SECONDS: Final = 5


@click.command()
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), default=".")
@click.option(
    "--probe/--no-probe",
    default=None,
    help="Ask the known mirrors, or those of --proxies, for at most 5 s which of them"
    " answer, and write these. Without it a terminal is asked whether to.",
)
@click.option("--proxies", metavar="GOPROXY", help="Write these proxies.")
@click.option("--index", metavar="URL", help="Write this index; empty for none.")
@click.option("--sumdb", metavar="GOSUMDB", help="Write this checksum database.")
@click.option(
    "--list",
    "lists",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    metavar="FILE",
    help="A file of further mirrors to probe.",
)
@common_options
def init(
    options: CommonOptions,
    folder: Path,
    probe: bool | None,
    proxies: str | None,
    index: str | None,
    sumdb: str | None,
    lists: tuple[Path, ...],
) -> None:
    """Write a commented gosync.toml into DIR (default: here)."""
    path = folder / "gosync.toml"
    if path.exists():
        raise _exists(path)
    text = read_sample("gosync.toml").decode()
    given = {"proxies": proxies, "index": index, "sumdb": sumdb}
    values = {key: each for key, each in given.items() if each is not None}
    listed = _checked(values)
    if probe is None and not values:
        probe = _may_probe()
    told: list[str] = []
    if probe:
        # Only who asks waits for an HTTP client to be imported.
        from gosync.cli.probe import probe_upstreams  # noqa: PLC0415

        index = values.get("index", _value(text, "index"))
        database = values.get("sumdb", _value(text, "sumdb"))
        found, told = probe_upstreams(index, database, lists, listed)
        values |= found
    text = _with(text, values)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(text.encode())
        begin_record(folder.resolve())
    except FileExistsError as exc:
        if not folder.is_dir():
            raise UsageError(f"{folder}: not a folder") from exc
        raise _exists(path) from exc
    except OSError as exc:
        raise UsageError(f"{path}: {exc.strerror}") from exc
    next_line = f"next: edit it, then gosync plan --config {path}"
    document = {"file": str(path), "probed": bool(probe), **values}
    options.output.result("init", document, [*told, f"wrote {path}", next_line])


def _exists(path: Path) -> UsageError:
    return UsageError(f"{path} exists already", hint="edit it, or name another DIR")


def _checked(values: Mapping[str, str]) -> ProxyList | None:
    """Return the proxies that were given, once all that was given makes sense."""
    if any('"' in each or not each.isprintable() for each in values.values()):
        raise UsageError("a value has characters that no configuration may have")
    try:
        if "sumdb" in values:
            parse_gosumdb(values["sumdb"])
        return parse_goproxy(values["proxies"]) if "proxies" in values else None
    except (ConfigError, MalformedError) as exc:
        raise UsageError(str(exc), hint=exc.hint) from None


def _may_probe() -> bool:
    """Ask whoever sits there whether the network may be asked; nobody is a no."""
    question = (
        "Ask the known public mirrors, the index and the checksum database for at most"
        f" {PROBE_SECONDS} s which of them answer from here?"
    )
    return is_terminal() and click.confirm(question, err=True)


def _with(text: str, values: Mapping[str, str]) -> str:
    """Return the sample with other values in the place of its own."""
    for key, value in values.items():
        line = f'{key} = "{value}"'
        text, count = re.subn(f'(?m)^{key} = "[^"]*"', partial(_same, line), text)
        assert count == 1, "the sample names each key once"
    return text


def _same(line: str, match: re.Match[str]) -> str:
    del match
    return line


def _value(text: str, key: str) -> str:
    """Return the sample's own value."""
    match = re.search(f'(?m)^{key} = "([^"]*)"', text)
    assert match is not None, "the sample names it"
    return match[1]
