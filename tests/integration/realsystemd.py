"""A real systemd as the first process of namespaces of its own.

It sees this machine's files read-only, but for one folder, and none of the machine's
units; what it runs can reach the loopback interface. It takes root and a cgroup2
mount; ``can_boot`` tells whether they are there.

    with Systemd(folder, units={"a.service": "..."}) as systemd:
        systemd.start("a.service")
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

SEEN_AS = Path("/srv/site/gosync")  # where the folder is inside
CODE_AS = Path("/srv/code")  # where this checkout is: it may lie below /tmp
_CHECKOUT = Path(__file__).parents[2]
_SYSTEMD = Path("/lib/systemd/systemd")
_NAMESPACES = ["--pid", "--mount", "--uts", "--ipc", "--cgroup"]
_TARGETS = (
    "basic",
    "multi-user",
    "network-online",
    "shutdown",
    "sysinit",
    "time-sync",
    "timers",
)
_BOOT = """
mount --make-rprivate /
mount -t tmpfs tmpfs /srv
mkdir -p /srv/site/gosync /srv/units /srv/code
mount --bind "$1" /srv/site/gosync
mount --bind "$2" /srv/units
mount --bind "$4" /srv/code
umount -R /sys/fs/cgroup
mount -t cgroup2 none /sys/fs/cgroup
for folder in /run /tmp /var/tmp /usr/lib/systemd/system-generators \
    /usr/lib/systemd/system /etc/systemd/system; do
    mount -t tmpfs tmpfs "$folder"
done
cp /srv/units/* /etc/systemd/system
mount -o remount,bind,ro /
export container=gosync-test
exec "$3" --system --unit=multi-user.target --log-target=console --show-status=no
"""


def cgroups() -> Path | None:
    """Return where cgroup2 is mounted, or None."""
    for line in Path("/proc/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(place)
    return None


def can_boot() -> bool:
    """Return whether this process may boot a systemd."""
    if os.geteuid() != 0 or not _SYSTEMD.exists() or cgroups() is None:
        return False
    done = subprocess.run(
        ["unshare", *_NAMESPACES, "--fork", "--mount-proc", "true"],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


class Systemd:
    """A systemd that runs."""

    def __init__(self, folder: Path, *, units: Mapping[str, str]) -> None:
        """Prepare it.

        Args:
            folder: What it may write; units see it at SEEN_AS.
            units: The units that it has, by name; drop-ins as ``NAME.d/x.conf`` are
                not supported: append to the text.
        """
        self._folder = folder
        self._units = dict.fromkeys(
            (f"{name}.target" for name in _TARGETS),
            "[Unit]\nDefaultDependencies=no\n",
        ) | dict(units)
        mounted = cgroups()
        assert mounted is not None
        self._cgroup = mounted / f"gosync-test-{uuid.uuid4().hex}"
        self._pid = 0

    def __enter__(self) -> Self:
        self._temporary = tempfile.TemporaryDirectory()
        place = Path(self._temporary.name)
        for name, text in self._units.items():
            (place / name).write_text(text)
        self._cgroup.mkdir()
        self._log = place / "log"
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [
                    *("sh", "-c", 'echo $$ > "$0"; exec "$@"'),
                    self._cgroup / "cgroup.procs",
                    *("unshare", *_NAMESPACES, "--fork", "--mount-proc"),
                    *("--kill-child", "sh", "-ec", _BOOT, "sh"),
                    *(self._folder, place, _SYSTEMD, _CHECKOUT),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            self._wait_for_boot()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        deadline = time.monotonic() + 120
        while self._cgroup.exists() and time.monotonic() < deadline:
            for each in [*sorted(self._cgroup.rglob("*/"), reverse=True), self._cgroup]:
                with suppress(OSError):
                    each.rmdir()
            time.sleep(0.05)
        self._temporary.cleanup()

    def _wait_for_boot(self) -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            assert self._process.poll() is None, self._log.read_text()
            children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}")
            pids = (children / "children").read_text().split()
            if pids:
                self._pid = int(pids[0])
                state = self._systemctl("is-system-running")
                if state.stdout.strip() in ("running", "degraded"):
                    return
            time.sleep(0.1)
        raise AssertionError(self._log.read_text())

    def _systemctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["nsenter", f"--target={self._pid}", *_NAMESPACES, "systemctl", *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def start(self, unit: str, *, block: bool = True) -> None:
        """Start a unit, and wait until it and what it sets off has ended."""
        self._systemctl("reset-failed", unit)
        self._systemctl("start", *([] if block else ["--no-block"]), unit)
        if block:
            self.wait_idle()

    def log(self) -> str:
        """Return what systemd has said so far."""
        return self._log.read_text()

    def stop(self, unit: str) -> None:
        """Stop a unit, and wait likewise."""
        self._systemctl("stop", unit)
        self.wait_idle()

    def wait_idle(self) -> None:
        """Wait until no job of systemd's is left, mails included."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if "No jobs" in self._systemctl("list-jobs").stdout:
                return
            time.sleep(0.02)
        raise AssertionError(self._log.read_text())
