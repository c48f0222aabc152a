"""``gosync mirrors``: compare upstreams live, pick one, tell go of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import click
import msgspec

from gosync.cli.classlines import page_lines
from gosync.cli.durations import Duration
from gosync.cli.interruptible import run_interruptible
from gosync.cli.mirrorlines import COLUMNS, mirror_rows
from gosync.cli.options import CommonOptions, common_options
from gosync.cli.pick import print_pick
from gosync.config.config import Config
from gosync.errors import (
    ConfigError,
    NoConfigError,
    StoreError,
    UnavailableError,
    UsageError,
)
from gosync.gomod.modfile import parse_lax
from gosync.gomod.module import ModuleVersion
from gosync.ingest.evidence import keep_evidence
from gosync.mirrors.comparing import (
    BUSY_MODULES,
    ComparedMirrors,
    KeepAltered,
    Wish,
    compare_mirrors,
)
from gosync.mirrors.goenv import GoProxySetting, RestoredSetting
from gosync.mirrors.known import PUBLIC_INDEX, KnownMirror, known_mirrors
from gosync.mirrors.measuring import Measured, MeasuredReport, measure_mirrors
from gosync.mirrors.standing import (
    MirrorStanding,
    Recommendation,
    ranked,
    recommend,
    standing_of,
)
from gosync.site.site import read_catalog
from gosync.site.storeparts import store_quarantine
from gosync.sumdb.names import Database, parse_gosumdb
from gosync.upstream.address import Address, make_logins, parse_address
from gosync.upstream.http import Fetcher
from gosync.upstream.options import HttpOptions

_MODULES: Final = 5
_MEASURED: Final = 20
_FORMATS: Final = ("shell", "dotenv", "github")


class Comparison(msgspec.Struct, frozen=True):
    """The document.

    Attributes:
        mirrors: Each one's line, the best first.
        recommended: What to use.
    """

    mirrors: list[MirrorStanding]
    recommended: Recommendation


@click.command()
@click.argument("urls", metavar="[URL...|pick]", nargs=-1)
@click.option(
    "--list",
    "lists",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    metavar="FILE",
    help="A file of further mirrors, in the form of gosync's own.",
)
@click.option(
    "--module",
    "modules",
    multiple=True,
    metavar="PATH",
    help="Ask about this module; may be repeated. Default: the selected ones, or busy"
    " ones.",
)
@click.option(
    "--timeout",
    type=Duration(),
    default="10s",
    metavar="TIME",
    help="The longest wait for one answer; of pick, for all of it.",
)
@click.option(
    "--watch",
    type=Duration(),
    metavar="TIME",
    help="Compare again and again, so far apart.",
)
@click.option("--apply", "applies", is_flag=True, help="Set GOPROXY with go env -w.")
@click.option("--undo", is_flag=True, help="Bring back what --apply replaced.")
@click.option(
    "--measure",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="GO.MOD",
    help="Measure seconds a module and failures over what it requires.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    default="shell",
    help="Of pick: what to print.",
)
@common_options
def mirrors(
    options: CommonOptions,
    urls: tuple[str, ...],
    lists: tuple[Path, ...],
    modules: tuple[str, ...],
    timeout: timedelta,
    watch: timedelta | None,
    applies: bool,
    undo: bool,
    measure: Path | None,
    form: str,
) -> None:
    """Compare upstreams live: reach, latency, lag, gaps, checksums; recommend some.

    Without URL those of the configuration are compared, or without one the known
    public mirrors. `gosync mirrors pick` prints a GOPROXY that answers, within the
    time-out in any case.
    """
    if sum((applies, undo, measure is not None, watch is not None)) > 1:
        raise UsageError("--apply, --undo, --measure and --watch exclude each other")
    if undo:
        _undo(options)
        return
    seconds = timeout.total_seconds()
    if urls[:1] == ("pick",):
        print_pick(options, urls[1:], lists, modules, seconds, form)
        return
    asking = _Asking(options, urls, lists, modules, seconds)
    if measure is not None:
        _measure(options, asking, measure)
    elif watch is None:
        _compare(options, asking, applies=applies)
    else:
        while True:
            _compare(options, asking, applies=False)
            run_interruptible(partial(anyio.sleep, watch.total_seconds()))


class _Asking:
    """Who is asked about what, and how."""

    def __init__(
        self,
        options: CommonOptions,
        urls: Sequence[str],
        lists: Sequence[Path],
        modules: Sequence[str],
        seconds: float,
    ) -> None:
        self.config = _config_of(options)
        known = {each.url: each for each in known_mirrors(lists)}
        self.is_told = bool(urls)
        addresses = [parse_address(url) for url in urls]
        if not urls and self.config is not None:
            addresses = list(self.config.upstreams.proxies.addresses)
        chosen = dict.fromkeys(each.url.rstrip("/") for each in addresses)
        self.mirrors = [known.get(url, KnownMirror(url)) for url in chosen]
        if not chosen:
            self.mirrors = list(known.values())
        elif not urls:
            more = known_mirrors(lists)[len(known_mirrors()) :]
            self.mirrors += [each for each in more if each.url not in chosen]
        self.modules = list(modules) or _selected(self.config) or list(BUSY_MODULES)
        self.http = _http(self.config, seconds, addresses)

    @property
    def database(self) -> Database | None:
        if self.config is not None:
            return self.config.upstreams.database
        return parse_gosumdb("sum.golang.org")

    @property
    def index(self) -> str:
        """The index whose newest events are asked for, "" for none."""
        if self.config is not None:
            return self.config.upstreams.index.url
        return "" if self.is_told else PUBLIC_INDEX

    def is_private(self, path: str) -> bool:
        """Whether a name is for private upstreams alone."""
        return self.config is not None and self.config.policy.is_private(path)

    @property
    def head(self) -> bytes:
        """The head of it that is trusted here, b"" for none."""
        if self.config is None or self.database is None:
            return b""
        with (
            suppress(StoreError),
            read_catalog(self.config.site_options()) as catalog,
        ):
            return catalog.heads.get(self.database.name)
        return b""

    @property
    def keep(self) -> KeepAltered | None:
        """Where evidence goes: to the configured store, if there is one."""
        if self.config is None:
            return None
        quarantine = store_quarantine(self.config.site_options())
        if quarantine is None:
            return None
        return lambda subject, error, data: keep_evidence(
            quarantine, subject, error, served={}, files={"zip": data}
        )


def _config_of(options: CommonOptions) -> Config | None:
    if options.config_file is not None:
        return options.load_config()
    with suppress(NoConfigError):
        return options.load_config()
    return None


def _selected(config: Config | None) -> list[str]:
    """Return some public modules that the configuration names."""
    if config is None:
        return []
    named = (
        selector.path
        for select in config.policy.selects
        for selector in select.selectors
        if not selector.is_pattern and not config.policy.is_private(selector.path)
    )
    return list(dict.fromkeys(named))[:_MODULES]


def _http(
    config: Config | None, seconds: float, addresses: Sequence[Address]
) -> HttpOptions:
    configured = HttpOptions() if config is None else config.site_options().http
    own = [each for each in addresses if each not in configured.logins.addresses]
    logins = make_logins([*configured.logins.addresses, *own])
    return msgspec.structs.replace(
        configured,
        logins=logins,
        timeout_seconds=seconds,
        total_seconds=2 * seconds,
        zip_total_seconds=6 * seconds,
        retries=0,
        concurrency=1,
    )


def _compare(options: CommonOptions, asking: _Asking, *, applies: bool) -> None:
    wish = Wish(
        mirrors=asking.mirrors,
        modules=asking.modules,
        database=asking.database,
        head=asking.head,
        keep=asking.keep,
        index=asking.index,
        is_private=asking.is_private,
    )

    async def compare() -> ComparedMirrors:
        async with Fetcher(asking.http) as fetcher:
            return await compare_mirrors(wish, fetcher)

    seen = run_interruptible(compare)
    sightings = seen.mirrors
    standings = ranked(
        standing_of(each, sightings, seen.at, seen.index_lag(each))
        for each in sightings
    )
    unusable = {each.url for each in asking.mirrors if each.relay or not each.usable}
    found = recommend(standings, unusable=frozenset(unusable))
    options.output.table(COLUMNS, mirror_rows(standings, sightings))
    lines = (*_lines(found), *page_lines(each.failure_class for each in sightings))
    options.output.result("mirrors", Comparison(standings, found), lines)
    if not found.goproxy:
        raise UnavailableError("no mirror works")
    if applies:
        _apply(options, found.goproxy)


def _lines(found: Recommendation) -> Iterator[str]:
    if found.goproxy:
        yield ""
        yield f"GOPROXY={found.goproxy}"
        yield ""
        yield from found.toml.splitlines()


def _apply(options: CommonOptions, goproxy: str) -> None:
    settings = GoProxySetting(os.environ)
    options.output.say(f"GOPROXY was {settings.current()}")
    settings.apply(goproxy)
    options.output.say("set with go env -w; gosync mirrors --undo brings it back")
    if settings.is_overridden():
        options.output.say("GOPROXY of the environment wins over that: unset it")


def _undo(options: CommonOptions) -> None:
    setting = GoProxySetting(os.environ).undo()
    report = RestoredSetting(setting.now, setting.was)
    said = setting.was or "what go does by itself"
    options.output.result("mirrors", report, [f"GOPROXY is {said} again"])


def _measure(options: CommonOptions, asking: _Asking, file: Path) -> None:
    try:
        data = file.read_bytes()
    except OSError as exc:
        raise ConfigError(f"{file}: {exc.strerror}") from exc
    policy = None if asking.config is None else asking.config.policy
    required = [
        ModuleVersion(each.path, each.version)
        for each in parse_lax(data).require
        if policy is None or not policy.is_private(each.path)
    ][:_MEASURED]
    if not required:
        raise UsageError(f"{file}: requires nothing that could be asked for")
    urls = [each.url for each in asking.mirrors if not each.relay]

    async def measure() -> list[Measured]:
        async with Fetcher(asking.http) as fetcher:
            return await measure_mirrors(urls, required, fetcher)

    found = run_interruptible(measure)
    rows = (
        (
            each.url,
            "-" if each.seconds_a_module is None else f"{each.seconds_a_module:.2f} s",
            f"{100 * each.failed:.0f} %",
            f"{100 * each.failed_low:.0f} to {100 * each.failed_high:.0f} %",
        )
        for each in found
    )
    columns = ("mirror", "a module", "failed", "95 % interval")
    options.output.table(columns, rows)
    options.output.result("mirrors", MeasuredReport(found), [])
