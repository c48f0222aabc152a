"""What a command costs: wall time, CPU time and memory of it and its children.

The kernel counts the memory of a process from before its exec, which is its
parent's. So the command is started by a small process that does nothing else:
this file, run as a program, which imports next to nothing.

    python meter.py RESULT COMMAND...
"""

import json
import os
import sys
import time

if __name__ == "__main__":
    begun = time.perf_counter()
    child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
    _, status, used = os.wait4(child, 0)
    measured = {
        "wall_seconds": time.perf_counter() - begun,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "peak_bytes": used.ru_maxrss << 10,
        "exit_code": os.waitstatus_to_exitcode(status),
    }
    with open(sys.argv[1], "w", encoding="utf-8") as result:  # noqa: PTH123 - small
        json.dump(measured, result)
