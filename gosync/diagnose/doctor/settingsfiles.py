"""Reading the settings of ``go`` from where they are kept.

The file of ``go env -w`` is GOENV, or ``go/env`` in the user's configuration folder;
``off`` is none. GOROOT is the environment's, or the user's file's, or that of the go
command on PATH; go itself is asked for it, with GOTOOLCHAIN=local, so that it
downloads nothing.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from gosync.diagnose.doctor.gosettings import GoSettings, make_settings, parse_env_file

_LIMIT_BYTES: Final = 1 << 20
_GO_SECONDS: Final = 20.0


class LocalGo(msgspec.Struct, frozen=True):
    """The go command of this machine.

    Attributes:
        command: Where it is.
        root: Its GOROOT; "" where it did not say.
        version: Like ``go1.26.8``; "" where it did not say.
    """

    command: str
    root: str = ""
    version: str = ""


def find_local_go(environment: Mapping[str, str]) -> LocalGo | None:
    """Return the go command on PATH, and what it says of itself."""
    command = shutil.which("go", path=environment.get("PATH", ""))
    if command is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - the user's own go
            [command, "env", "GOROOT", "GOVERSION"],
            env={**environment, "GOTOOLCHAIN": "local", "GOFLAGS": "", "GOWORK": "off"},
            cwd="/",
            capture_output=True,
            text=True,
            timeout=_GO_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return LocalGo(command)
    root, _, version = done.stdout.strip().partition("\n")
    return LocalGo(command, root, version)


def load_settings(environment: Mapping[str, str], go: LocalGo | None) -> GoSettings:
    """Return the settings of a process with this environment."""
    env_file = _env_file(environment)
    user = parse_env_file(_read(env_file)) if env_file else {}
    root = environment.get("GOROOT") or user.get("GOROOT") or (go.root if go else "")
    go_env_file = f"{root}/go.env" if root else ""
    goroot = parse_env_file(_read(go_env_file)) if go_env_file else {}
    return make_settings(
        environment, user, goroot, env_file=env_file, go_env_file=go_env_file
    )


def _env_file(environment: Mapping[str, str]) -> str:
    named = environment.get("GOENV")
    if named:
        return "" if named == "off" else named
    home = environment.get("HOME")
    if sys.platform == "darwin":
        return f"{home}/Library/Application Support/go/env" if home else ""
    folder = environment.get("XDG_CONFIG_HOME") or (home and f"{home}/.config")
    return f"{folder}/go/env" if folder else ""


def _read(path: str) -> str:
    """Return a file's text; "" where there is none that can be read, as go does."""
    try:
        with Path(path).open("rb") as file:
            return file.read(_LIMIT_BYTES).decode("utf-8", "surrogateescape")
    except OSError:
        return ""
