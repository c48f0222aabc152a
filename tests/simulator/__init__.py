"""One upstream that really signs, with every fault on demand. See README.md."""

from tests.simulator.simulator import Simulator

__all__ = ["Simulator"]
