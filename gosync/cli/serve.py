"""``gosync serve``: a published tree over HTTP."""

from __future__ import annotations

import secrets
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from gosync import log
from gosync.cli.options import CommonOptions, common_options
from gosync.clock import SystemClock
from gosync.config import Config
from gosync.config.serving import ServeSpec, parse_listen
from gosync.errors import NoConfigError, UsageError
from gosync.serve.logins import format_password, format_token
from gosync.serve.missinglog import MissingSpec
from gosync.serve.report import (
    NewLoginReport,
    NewTokenReport,
    ServedTreeReport,
)
from gosync.serve.server import make_pull_app, make_tree_app, run_server
from gosync.site.treefolder import served_folder
from gosync.work.progress import NoProgress

if TYPE_CHECKING:  # it loads what syncs need
    from gosync.serve.recording import Recorder


@click.command()
@click.argument(
    "tree", metavar="[TREE]", required=False, type=click.Path(path_type=Path)
)
@click.option(
    "--listen", metavar="HOST:PORT", help="Where; instead of serve.listen. 0 = any."
)
@click.option(
    "--login",
    metavar="NAME",
    help="Ask for a password and print its line for the file of logins.",
)
@click.option("--token", metavar="NAME", help="Make a token and print it and its line.")
@click.option("--owner", "as_owner", is_flag=True, hidden=True)
@click.option("--record", "as_recorder", is_flag=True, hidden=True)
@common_options
def serve(
    options: CommonOptions,
    tree: Path | None,
    listen: str | None,
    login: str | None,
    token: str | None,
    as_owner: bool,
    as_recorder: bool,
) -> int:
    """Serve the published tree, or any TREE, to go over HTTP until SIGTERM.

    With TREE there need be no configuration and no store; without, [serve] says how,
    and with pull_through = true what is asked for and not here is fetched, proven and
    kept. It is GOPROXY=http://HOST:PORT then, checksum database included.
    """
    if login is not None or token is not None:
        _new_login(options, login, token)
        return 0
    log.show_infos()
    config = _config(options, tree)
    if as_owner:
        _be_owner(config)
        return 0
    if as_recorder:
        _record(config)
        return 0
    spec = ServeSpec() if config is None else config.serve
    if listen is not None:
        host, port = parse_listen(listen)
        spec = replace(spec, host=host, port=port)
    if tree is None and config is not None and spec.pull is not None:
        _serve_pulling(options, config, spec)
        return 0
    root = _checked(
        tree or (None if config is None else served_folder(config.tree_path))
    )
    missing: MissingSpec | None = None
    recorders: list[Recorder] = []
    if tree is None and config is not None:
        missing, recorders = _recorded(config)
    make_app = partial(make_tree_app, replace(spec, pull=None), root, missing)
    run_server(spec, make_app, tell=partial(_tell, options, root), beside=recorders)
    return 0


def _config(options: CommonOptions, tree: Path | None) -> Config | None:
    """Return the configuration; a TREE needs none."""
    try:
        return options.load_config()
    except NoConfigError:
        if tree is None or options.config_file is not None:
            raise
        return None


def _serve_pulling(options: CommonOptions, config: Config, spec: ServeSpec) -> None:
    from gosync.serve.ownerprocess import (  # noqa: PLC0415 - it loads what syncs need
        owner_process,
        prepare_store,
    )

    root = served_folder(config.tree_path)
    prepare_store(config)
    missing, recorders = _recorded(config)
    run_server(
        spec,
        partial(make_pull_app, spec, root, config.store_path, missing),
        tell=partial(_tell, options, root),
        beside=[owner_process(config), *recorders],
    )


def _recorded(config: Config) -> tuple[MissingSpec | None, list[Recorder]]:
    """Return where misses are noted, and who takes them into the catalog."""
    from gosync.serve.recording import (  # noqa: PLC0415 - it loads what syncs need
        Recorder,
        missing_spec,
        record_command,
    )

    missing = missing_spec(config)
    if missing is None:
        return None, []
    return missing, [Recorder(missing.folder, record_command(config))]


def _record(config: Config | None) -> None:
    from gosync.serve.recording import record  # noqa: PLC0415 - see above

    if config is None:
        raise UsageError("recording needs a store")
    record(config)


def _be_owner(config: Config | None) -> None:
    from gosync.daemon.publishes import tell_published  # noqa: PLC0415 - see above
    from gosync.serve.ownerprocess import be_owner  # noqa: PLC0415 - see above

    if config is None or config.serve.pull is None:
        raise UsageError("an owner needs [serve] pull_through = true")
    tell = partial(tell_published, config, SystemClock(), NoProgress())
    be_owner(config, config.serve.pull, tell=tell)


def _checked(tree: Path | None) -> Path:
    assert tree is not None
    if not tree.is_dir():
        raise UsageError(f"{tree}: no such folder", hint="name a published tree")
    return tree.absolute()


def _tell(options: CommonOptions, root: Path, url: str) -> None:
    report = ServedTreeReport(url=url, tree=str(root))
    options.output.result("serve", report, [f"serving {root} at {url}"])


def _new_login(options: CommonOptions, login: str | None, token: str | None) -> None:
    if token is not None:
        secret = secrets.token_urlsafe(32)
        line = format_token(token, secret)
        made = NewTokenReport(token=secret, line=line)
        options.output.result("serve", made, [f"token: {secret}", line])
        return
    assert login is not None
    password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    line = format_password(login, password)
    options.output.result("serve", NewLoginReport(line=line), [line])
