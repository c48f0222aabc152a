"""Request of ``gosync verify``: its target, and the configuration for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
from msgspec.structs import replace

from gosync.cli.options import CommonOptions
from gosync.config import Config, parse_config
from gosync.config.files import read_text
from gosync.errors import ConfigError, MalformedError, NoConfigError, UsageError
from gosync.folder.layouts import TargetKind
from gosync.hint import advise, command
from gosync.scale.options import SchedulerAddress
from gosync.site.options import SiteOptions
from gosync.store.objects.location import (
    BucketLocation,
    is_location,
    parse_location,
)
from gosync.sumdb.names import Database, parse_gosumdb
from gosync.upstream.address import Address, parse_address
from gosync.upstream.goproxy import parse_goproxy
from gosync.verify.act.plan import Action
from gosync.verify.request import Limits, VerifyRequest


class VerifyArguments(msgspec.Struct, frozen=True, kw_only=True):
    """The command line's arguments."""

    target: str | None
    modules: tuple[str, ...]
    modules_file: Path | None
    kind: str | None
    sumdb: str | None
    private: tuple[str, ...]
    proxy: str | None
    offline: bool
    proofs: tuple[Path, ...]
    sums: tuple[Path, ...]
    state: Path | None
    subset: tuple[int, int] | None
    max_age: timedelta | None
    max_duration: timedelta | None
    fresh: bool
    quarantine: bool
    repair: bool
    delete: bool
    dry_run: bool
    max_delete: int
    restore_id: str | None
    wait_lock: float
    report_file: Path | None
    scheduler: SchedulerAddress | None

    @property
    def action(self) -> Action:
        """What is to be done about findings.

        Raises:
            UsageError: if several things are.
        """
        flags = {
            Action.QUARANTINE: self.quarantine,
            Action.REPAIR: self.repair,
            Action.DELETE: self.delete,
        }
        wanted = [action for action, flag in flags.items() if flag]
        if len(wanted) > 1:
            raise UsageError("--quarantine, --repair and --delete exclude each other")
        return wanted[0] if wanted else Action.REPORT


def make_request(config: Config, arguments: VerifyArguments) -> VerifyRequest:
    """Return what is to be verified.

    Raises:
        UsageError: if the arguments contradict each other or the target.
    """
    site = _site(config, arguments)
    place = _bucket(arguments.target)
    is_own = arguments.target is None or (place is not None and place == site.bucket)
    bucket = None if is_own else place
    address = _address(arguments.target) if place is None else None
    is_url = address is not None
    if address is not None:
        site = site.with_addresses([address])
        path = Path(address.url)
    else:
        path = site.store_path if is_own else Path(arguments.target or "")
    if bucket is not None:
        path = Path(bucket.prefix or bucket.bucket)
    own = TargetKind.STORE if is_own else None  # there or not
    kind = TargetKind(arguments.kind) if arguments.kind else own
    if kind is not None and (kind is TargetKind.URL) != is_url:
        raise UsageError(
            f"{path}: --kind {kind} does not fit it",
            hint="what has :// is a proxy's URL, all else is a file or folder",
        )
    return VerifyRequest(
        path=path,
        url="" if address is None else address.url,
        bucket=bucket,
        modules=tuple(_modules(arguments)),
        kind=kind,
        site=site,
        private=(*arguments.private, *site.policy.private),
        offline=arguments.offline,
        proofs=arguments.proofs,
        sums=arguments.sums,
        state=arguments.state,
        wait_lock_seconds=arguments.wait_lock,
        limits=Limits(
            subset=arguments.subset,
            max_age=arguments.max_age,
            max_duration=arguments.max_duration,
            fresh=arguments.fresh,
        ),
    )


def _bucket(target: str | None) -> BucketLocation | None:
    """Return the tree's bucket that is the target, None for another target."""
    if target is None or not is_location(target):
        return None
    try:
        return parse_location(target)
    except MalformedError as exc:
        raise UsageError(f"TARGET: {exc}") from exc


def _address(target: str | None) -> Address | None:
    """Return the target's URL without its secrets, None for a file or folder."""
    if target is None or "://" not in target:
        return None
    try:
        return parse_address(target)
    except ConfigError as exc:
        raise UsageError(f"TARGET: {exc}", hint=exc.hint) from exc


def _modules(arguments: VerifyArguments) -> Iterator[str]:
    yield from arguments.modules
    if arguments.modules_file is not None:
        for line in read_text(arguments.modules_file).splitlines():
            text = line.partition("#")[0].strip()
            if text:
                yield text


def load_verify_config(options: CommonOptions, arguments: VerifyArguments) -> Config:
    """Return the configuration; with a TARGET, the defaults where there is none.

    Raises:
        ConfigError: if there is no configuration and no target, or it is wrong.
    """
    try:
        return options.load_config()
    except NoConfigError as exc:
        if options.config_file is not None:
            raise
        if arguments.target is None:
            target = command("verify", "TARGET")
            hint = advise("{}; or name a target: {}", exc.hint or "", target)
            raise NoConfigError(str(exc), hint=hint) from exc
    return parse_config({}, os.environ, base=Path.cwd())


def _site(config: Config, arguments: VerifyArguments) -> SiteOptions:
    """Return the configured site, changed by the command line."""
    site = config.site_options()
    try:
        if arguments.sumdb is not None:
            site = replace(site, database=_database(arguments.sumdb))
        if arguments.proxy is not None:
            proxies = parse_goproxy(arguments.proxy)
            site = replace(site, proxies=proxies).with_addresses(proxies.addresses)
    except ConfigError as exc:
        raise UsageError(f"--proxy: {exc}", hint=exc.hint) from exc
    return site


def _database(sumdb: str) -> Database | None:
    try:
        return parse_gosumdb(sumdb)
    except MalformedError as exc:
        raise UsageError(
            f"--sumdb: {exc}", hint="NAME, or NAME+HASH+KEY, or off; as in GOSUMDB"
        ) from exc
