# SPDX-License-Identifier: MIT
"""The servers of a test end with it, even if it is killed."""
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

HERE = pathlib.Path(__file__).resolve().parent
TEST = """
import services, time
with services.start("etcd") as service:
    if {paused}:
        service.pause(0)
    print(service.processes[0].pid, service.folder, flush=True)
    time.sleep(60)
"""


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = pathlib.Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()[0]
    return state != "Z"


@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_servers_end_with_their_test(how, paused):
    test = subprocess.Popen([sys.executable, "-c", TEST.format(paused=paused)], cwd=HERE,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    pid, folder = test.stdout.readline().split()
    assert is_alive(int(pid)) and pathlib.Path(folder).is_dir()
    test.send_signal(how)
    test.wait()
    end = time.monotonic() + 20
    while time.monotonic() < end and (is_alive(int(pid)) or pathlib.Path(folder).exists()):
        time.sleep(0.05)
    assert not is_alive(int(pid))
    assert not pathlib.Path(folder).exists()
