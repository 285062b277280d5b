# SPDX-License-Identifier: MIT
"""
Three servers, and their leader is killed under load: no promise is broken, and the client goes
on by itself within ten seconds of the new leader.

The load is tests/fault/fault: four writers, two of them in pieces, and readers that judge what
they see. FAULT is that program, CONFREG_TEST_KIND the kind of server. One kill in the standard
tier, ten with CONFREG_TEST_LONG=1. Times are of the monotonic clock that both sides read.
"""
import os
import statistics
import subprocess
import threading
import time

import pytest

import services

FAULT = os.environ.get("FAULT", "fault")
KIND = os.environ.get("CONFREG_TEST_KIND", "etcd")
KILLS = 10 if os.environ.get("CONFREG_TEST_LONG") == "1" else 1
RECOVERY = 10.0   # seconds from a new leader to the next acknowledged create
ELECTION = 30.0


class Load:
    """The fault program under way."""

    def __init__(self, url):
        self.process = subprocess.Popen([FAULT, "load", "--store", url], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.acks = []
        self.said = []
        self.changed = threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            with self.changed:
                if line.startswith("ack "):
                    self.acks.append(int(line.split()[1]) / 1000)
                else:
                    self.said.append(line)
                self.changed.notify_all()

    def ack_after(self, moment, patience):
        """The first acknowledgement after a moment; None when there was none in time."""
        end = time.monotonic() + patience
        with self.changed:
            while True:
                later = [ack for ack in self.acks if ack > moment]
                if later:
                    return later[0]
                if not self.changed.wait(max(end - time.monotonic(), 0)):
                    return None

    def finish(self):
        self.process.stdin.close()
        try:
            code = self.process.wait(timeout=240)
        finally:
            self.process.kill()
        return code, "".join(self.said) + self.process.stderr.read()


def new_leader(service, old):
    end = time.monotonic() + ELECTION
    while time.monotonic() < end:
        found = service.leader()
        if found is not None and found != old:
            return time.monotonic()
        time.sleep(0.02)
    raise TimeoutError("no new leader in %d s" % ELECTION)


@pytest.fixture
def service():
    with services.start(KIND, 3) as started:
        yield started


def test_cluster__its_leader_is_killed_under_load(service):
    elections, recoveries = [], []
    load = Load(service.url)
    try:
        assert load.ack_after(0, 30) is not None, load.said
        for _ in range(KILLS):
            time.sleep(1)
            old = service.leader()
            assert old is not None
            service.kill(old)
            killed = time.monotonic()
            elected = new_leader(service, old)
            next_ack = load.ack_after(elected, ELECTION)
            assert next_ack is not None and next_ack - elected < RECOVERY, (
                elected - killed, next_ack and next_ack - elected, load.said)
            elections.append(elected - killed)
            recoveries.append(next_ack - elected)
            service.restart(old)
            service.wait_ready()
    finally:
        code, said = load.finish()
    assert code == 0, said
    print("%s%s: %d kills; a new leader after %.2f s (at most %.2f), the next create %.2f s "
          "(at most %.2f) behind it" % (
              said, KIND, KILLS, statistics.median(elections), max(elections),
              statistics.median(recoveries), max(recoveries)))
