"""``gosync record``: what a build asks a module proxy for."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from gosync.access.asks import AskedFor
from gosync.access.files import find_logs, read_blocks
from gosync.access.lines import LogReader, WholeLines
from gosync.access.tally import AccessTally
from gosync.cli.options import CommonOptions, common_options
from gosync.cli.progress import progress
from gosync.clock import SystemClock, format_time
from gosync.config import Config
from gosync.errors import NoConfigError, UsageError
from gosync.folder.requests import ProxyRequest
from gosync.project.record import (
    RECORD_SUFFIX,
    BuildRecord,
    RecordReport,
    format_record,
)
from gosync.text import printable


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("command", metavar="-- COMMAND...", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--from-log",
    "logs",
    multiple=True,
    metavar="LOG",
    help="Read access logs instead of running a command; may be repeated.",
)
@click.option(
    "--at-least",
    type=click.IntRange(min=1),
    default=1,
    metavar="N",
    help="With --from-log: leave out versions that were asked for less often.",
)
@common_options
def record(
    options: CommonOptions,
    name: str,
    command: tuple[str, ...],
    logs: tuple[str, ...],
    at_least: int,
) -> int:
    """Run COMMAND and write what it asks a module proxy for into NAME.record.toml.

    COMMAND runs with a server on loopback over the configured upstreams as its GOPROXY,
    with GOSUMDB on, and with an empty GOMODCACHE, so that nothing is hidden by what was
    fetched before. A [[project]] with record = "NAME.record.toml" carries just that.

    The exit code is the command's own where it fails; the record is written then, too.
    """
    if bool(command) == bool(logs):
        raise UsageError(
            "say what to record",
            hint="gosync record NAME -- go build ./..., or --from-log LOG",
        )
    file = _file(name)
    asked, code = AskedFor(), 0
    if logs:
        config = _optional_config(options)
        prefix = config.access.prefix if config else ""
        asked = AskedFor(prefix)
        with progress(show=options.show_progress) as watcher:
            watcher.phase("access logs")
            for log in find_logs(logs):
                _read(log, asked, prefix)
                watcher.advance()
        made_of = " ".join(logs)
    else:
        code = _run(options.load_config(), command, asked)
        made_of = shlex.join(command)
    now = format_time(SystemClock().now())
    made = asked.record(made_at=now, made_of=made_of, at_least=at_least)
    _write(file, format_record(made))
    options.output.result(
        "record", RecordReport(str(file), code, made), _lines(file, made, code)
    )
    return code


def _file(name: str) -> Path:
    path = Path(name)
    if path.name.endswith(RECORD_SUFFIX):
        return path
    return path.with_name(f"{path.name}{RECORD_SUFFIX}")


def _optional_config(options: CommonOptions) -> Config | None:
    try:
        return options.load_config()
    except NoConfigError:
        if options.config_file is not None:
            raise
        return None


def _read(log: str, asked: AskedFor, prefix: str) -> None:
    reader, lines = LogReader(), WholeLines()
    tally = AccessTally([asked.watch()], prefix)
    for block in read_blocks(log):
        tally.see(reader.lines(lines.add(block)))
    tally.see(reader.lines(lines.end()))


def _run(config: Config, command: Sequence[str], asked: AskedFor) -> int:
    """Run the command, and gather what it asks for; return its exit code."""
    # Whoever reads logs does not wait for this.
    from gosync.access.passing import passing_proxy  # noqa: PLC0415

    def note(request: ProxyRequest, found: bool) -> None:
        asked.add(request, found=found)

    with (
        tempfile.TemporaryDirectory(prefix="gosync-record-") as cache,
        passing_proxy(config.site_options(), note) as url,
    ):
        try:
            environment = _environment(config, url, cache)
            done = subprocess.run(  # noqa: S603 - the caller's own command
                list(command), env=environment, check=False
            )
        except OSError as exc:
            raise UsageError(f"{command[0]}: {exc.strerror}") from exc
        _make_writable(Path(cache))
    return done.returncode if done.returncode >= 0 else 128 - done.returncode


def _environment(config: Config, url: str, cache: str) -> Mapping[str, str]:
    """Return the environment of the build: nothing but the server can be asked."""
    database = config.site_options().database
    private = ",".join(config.policy.private)
    kept = {key: value for key, value in os.environ.items() if key not in _REPLACED}
    return {
        **kept,
        "GOPROXY": url,
        "GOSUMDB": "off" if database is None else database.verifier_key,
        "GONOSUMDB": private,
        "GONOPROXY": "none",
        "GOMODCACHE": cache,
        "GOFLAGS": f"{os.environ.get('GOFLAGS', '')} -modcacherw".strip(),
    }


_REPLACED = frozenset({"GOPRIVATE", "GOINSECURE", "GONOSUMCHECK"})


def _make_writable(folder: Path) -> None:
    """Let what go wrote read-only be removed: a toolchain heeds no -modcacherw."""
    for path, _, _ in os.walk(folder):
        Path(path).chmod(0o700)


def _write(file: Path, data: bytes) -> None:
    try:
        file.write_bytes(data)
    except OSError as exc:
        raise UsageError(f"{file}: {exc.strerror}", hint="choose another NAME") from exc


def _lines(file: Path, made: BuildRecord, code: int) -> Iterator[str]:
    whole = sum(each.is_whole for each in made.version)
    yield (
        f"{file}: {whole} versions whole, {len(made.version) - whole} go.mod files"
        f" alone, {len(made.module)} modules asked for lists, newest or branches"
    )
    for each in made.absent:
        yield printable(f"not there: {each.path}: {', '.join(each.asked)}")
    if code:
        yield f"the command failed with {code}; what it asked for until then is in it"
    else:
        yield f'next: [[project]] record = "{file}" in gosync.toml, and gosync sync'
