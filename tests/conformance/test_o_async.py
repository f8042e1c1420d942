"""The C program of the thread (Stefan Hajnoczi, 25 January 2011): does an eventfd send a signal when it turns
readable?

"I'd expect the parent to get a SIGTERM but the process just sleeps and then exits. When replacing the eventfd
with a pipe in this program the parent does receive a SIGKILL." The same calls in the same order, in a process
of its own; only the sleep is shorter, and the descriptor is read at the end to see that the child's write has
arrived.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason=f"needs Linux, not {sys.platform}")

PROGRAM = """
import fcntl, os, signal, sys, time
F_SETSIG = 10
if sys.argv[1] == "eventfd":
    fd = write_to = os.eventfd(0, 0)
else:
    fd, write_to = os.pipe()
fcntl.fcntl(fd, F_SETSIG, signal.SIGTERM)
fcntl.fcntl(fd, fcntl.F_SETOWN, os.getpid())
fcntl.fcntl(fd, fcntl.F_SETFL, os.O_NONBLOCK | os.O_ASYNC)
child = os.fork()
if child == 0:
    os.write(write_to, (1).to_bytes(8, "little"))
    os._exit(0)
os.waitpid(child, 0)  # instead of sleep(5): once the child has gone, its write and any signal of it have arrived
sys.exit(0 if os.read(fd, 8) == (1).to_bytes(8, "little") else 1)
"""

SIGTERM = -15  # what subprocess says of one that was killed by it


@pytest.mark.parametrize("what, ends_with", [("eventfd", 0), ("pipe", SIGTERM)])
def test_o_async(what: str, ends_with: int) -> None:
    assert subprocess.run([sys.executable, "-c", PROGRAM, what], check=False).returncode == ends_with
