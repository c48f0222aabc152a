"""What `gosync doctor` costs for one module of a healthy mirror: time and requests."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.measure import CHECKOUT, GOSYNC, run
from tests.bench.setting import Setting
from tests.bench.table import Row, within
from tests.simulator.simulator import Simulator
from tests.simulator.standard import NO_GO_MOD, publish_standard

_MOST_SECONDS = 2
_MOST_REQUESTS = 12


def doctor_module(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    folder = setting.room("doctor")
    seconds, requests = [], []
    with Simulator(records=1000, tls=True) as sim:
        publish_standard(sim)
        env = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "PYTHONPATH": str(CHECKOUT),
            "GOENV": "off",
            "GOPROXY": sim.url,
            "GOSUMDB": sim.gosumdb,
            "SSL_CERT_FILE": str(sim.ca_file),
        }
        for _ in range(setting.runs):
            mark = sim.mark()
            command = (*GOSYNC, "doctor", f"{NO_GO_MOD}@v1.2.3")
            seconds.append(run(command, cwd=folder, env=env).wall_seconds)
            requests.append(len(sim.requests_since(mark)))
    yield within(
        "doctor of a healthy module", seconds, limit=_MOST_SECONDS, unit="s wall"
    )
    yield within("its requests", requests, limit=_MOST_REQUESTS, unit="requests")
