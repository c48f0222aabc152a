"""``gosync init``: a commented configuration to start from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from gosync.cli.beginning import Beginning, InitReport, Side, with_values
from gosync.cli.messages import told
from gosync.cli.options import CommonOptions, common_options
from gosync.cli.streams import is_terminal
from gosync.errors import ConfigError, MalformedError, UsageError
from gosync.site.places import begin_record
from gosync.sumdb.names import parse_gosumdb
from gosync.upstream.goproxy import ProxyList, parse_goproxy

PROBE_SECONDS: Final = 5
_SIDES: Final = {True: Side.INSIDE, False: Side.OUTSIDE}


@click.command()
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), default=".")
@click.option(
    "--probe/--no-probe",
    default=None,
    help="Ask the known mirrors, or those of --proxies, for at most 5 s which of them"
    " answer, and write these. Without it a terminal is asked whether to.",
)
@click.option(
    "--inside/--outside",
    default=None,
    help="Inside bundles come in; outside, which is the default, is fetched.",
)
@click.option(
    "--project",
    "projects",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="DIR",
    help="Carry what this project needs; may be repeated.",
)
@click.option("--tree", metavar="DIR", help="Publish the tree there.")
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
def init(options: CommonOptions, folder: Path, **asked: Any) -> None:
    """Write a commented gosync.toml into DIR (default: here).

    On a terminal it asks what no option says: outside or inside, whether the project
    in DIR is carried, where the tree goes, and whether to try the known mirrors.
    """
    path = folder / "gosync.toml"
    if path.exists():
        raise _exists(path)
    arguments = _Arguments(**asked)
    beginning = arguments.beginning
    if is_terminal() and not arguments.is_answered:
        beginning = beginning.asked(folder)
    text = beginning.text()
    values: dict[str, str] = {}
    lines: list[str] = []
    probed = False
    if beginning.side is not Side.INSIDE:
        values, lines, probed = _upstreams(arguments, text)
    elif arguments.upstream or arguments.probe:
        raise UsageError("inside, no upstream is asked", hint="leave out --inside")
    text = with_values(text, values)
    _write(path, text)
    next_line = _next_line(beginning.side, path)
    report = InitReport(file=str(path), probed=probed, **values)
    options.output.result("init", report, [*lines, f"wrote {path}", next_line])


class _Arguments(msgspec.Struct, frozen=True, kw_only=True):
    """The command line's arguments."""

    probe: bool | None
    inside: bool | None
    projects: tuple[Path, ...]
    tree: str | None
    proxies: str | None
    index: str | None
    sumdb: str | None
    lists: tuple[Path, ...]

    @property
    def beginning(self) -> Beginning:
        """What the flags say of the configuration."""
        side = None if self.inside is None else _SIDES[self.inside]
        projects = tuple(each.resolve() for each in self.projects) or None
        return Beginning(side, projects, self.tree)

    @property
    def upstream(self) -> dict[str, str]:
        """The upstreams that the flags name."""
        given = {"proxies": self.proxies, "index": self.index, "sumdb": self.sumdb}
        return {key: each for key, each in given.items() if each is not None}

    @property
    def is_answered(self) -> bool:
        """Whether flags say enough for nobody to be asked."""
        return bool(self.upstream) or self.probe is not None


def _upstreams(
    arguments: _Arguments, text: str
) -> tuple[dict[str, str], list[str], bool]:
    """Return the upstreams' values, what a probe of them told, and whether it was."""
    values = arguments.upstream
    listed = _checked(values)
    probe = arguments.probe
    if probe is None and not values:
        probe = _may_probe()
    if not probe:
        return values, [], False
    # Only who asks waits for an HTTP client to be imported.
    from gosync.cli.probe import probe_upstreams  # noqa: PLC0415

    index = values.get("index", _value(text, "index"))
    database = values.get("sumdb", _value(text, "sumdb"))
    found, lines = probe_upstreams(index, database, arguments.lists, listed)
    return {**values, **found}, lines, True


def _write(path: Path, text: str) -> None:
    folder = path.parent
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


def _next_line(side: Side | None, path: Path) -> str:
    if side is Side.INSIDE:
        return (
            "next: put the [[key]] that `gosync key show` prints outside into"
            f" trust.toml, then gosync bundle import DIR --config {path}"
        )
    return f"next: edit it, then gosync plan --config {path}"


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
    question = told(
        "Ask the known public mirrors, the index and the checksum database for at most"
        f" {PROBE_SECONDS} s which of them answer from here?"
    )
    return is_terminal() and click.confirm(question, err=True)


def _value(text: str, key: str) -> str:
    """Return the sample's own value."""
    match = re.search(f'(?m)^{key} = "([^"]*)"', text)
    assert match is not None, "the sample names it"
    return match[1]
