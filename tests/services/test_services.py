# SPDX-License-Identifier: MIT
"""The servers of a test end with it, even if it is killed; no two tests get the same port."""
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import pytest

import services

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


def test_ports_are_nobody_elses():
    first, second = services.Ports(200), services.Ports(200)
    try:
        assert len(set(first.numbers) | set(second.numbers)) == 400
        assert not second.reserve(first.numbers[0])
        lowest_given = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range")
                           .read_text().split()[0])
        assert max(first.numbers + second.numbers) < max(lowest_given, services.Ports.LOWEST)
    finally:
        first.close()
        second.close()
    assert second.reserve(first.numbers[0])
    second.close()


def test_a_port_in_use_is_not_given():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = services.Ports(0)
        assert not ports.reserve(taken.getsockname()[1])
