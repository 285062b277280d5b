# SPDX-License-Identifier: MIT
"""Ctrl-C while a server is silent: each call ends at once, and the store is whole afterwards.

CONFREG_TEST_KIND names the server, which is one of our own: it is stopped (SIGSTOP) for each call.
"""
import os
import signal
import threading
import time

import pytest

import services
import confreg
from conftest import BODY, OPTIONS

KIND = os.environ["CONFREG_TEST_KIND"]
# The promise is a tenth of a second; a loaded machine may take its time to run us again.
SOON, TIMES = 0.1, 10


@pytest.fixture(scope="module")
def service():
    with services.start(KIND) as started:
        yield started


@pytest.fixture(scope="module")
def reg(service):
    with confreg.open(service.url, timeout=20) as opened:
        opened.register("web", "1.0", BODY, OPTIONS)
        opened.instantiate("jlopez", "web", "1.0")
        yield opened


def interrupted_after(call):
    sent = []

    def send():
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)
    timer = threading.Timer(0.2, send)
    outcome = None
    try:
        timer.start()
        try:
            outcome = "gave %r" % (call(),)
        except confreg.RegistryError as error:
            outcome = "raised %r" % error
        timer.join()  # the signal comes in here when it was not needed
        time.sleep(1)
    except KeyboardInterrupt:
        took = time.monotonic() - sent[0]
        assert outcome is None, "the call ended before: " + outcome
        timer.join()
        return took
    raise AssertionError("the signal did not come")


def soonest(service, call):
    """Of some tries; each finds a silent server that had answered before."""
    best = float("inf")
    for _ in range(TIMES):
        service.pause(0)
        try:
            best = min(best, interrupted_after(call))
        finally:
            service.resume(0)
        service.wait_ready()
        if best < SOON:
            break
    return best


CALLS = {
    "get": lambda reg, node: node.status,
    "get_pair": lambda reg, node: node.get_pair("status"),
    "set": lambda reg, node: setattr(node, "status", "interrupted"),
    "increment": lambda reg, node: node.increment("count"),
    "nodes": lambda reg, node: node.instance.nodes,
    "tree": lambda reg, node: node.instance.tree(),
    "query": lambda reg, node: reg.query("jlopez"),
    "templates": lambda reg, node: reg.templates(),
    "register": lambda reg, node: reg.register("other", "1", "{}"),
    "instantiate": lambda reg, node: reg.instantiate("u", "web", "1.0"),
    "instantiate many": lambda reg, node: reg.instantiate("u", "web", "1.0", {"slaves": 90}),
    "copy": lambda reg, node: node.copy("slave9"),
    "watch": lambda reg, node: node.watch(snapshot=True).next(30),
    "kv.get": lambda reg, node: reg.kv.get("a"),
    "kv.put": lambda reg, node: reg.kv.put("a", "b"),
    "kv.list": lambda reg, node: reg.kv.list("instances"),
    "kv.wait": lambda reg, node: reg.kv.wait("a", reg_revision(reg)),
}


def reg_revision(reg):
    return reg.kv.read(["a"]).revision


# A new session of ZooKeeper takes its time.
NAMES = (CALLS if KIND != "zookeeper" or os.environ.get("CONFREG_TEST_LONG")
         else ("get", "set", "instantiate many", "watch", "kv.wait"))


@pytest.mark.parametrize("name", NAMES)
def test_ctrl_c_while_the_server_is_silent(service, reg, name):
    node = reg.at("jlopez/web/1.0/1").node("slave1")
    assert soonest(service, lambda: CALLS[name](reg, node)) < SOON
    assert node.cpu == "2"


def test_opening(service):
    service.pause(0)
    try:
        assert min(interrupted_after(lambda: confreg.open(service.url).kv.get("a"))
                   for _ in range(3)) < SOON
    finally:
        service.resume(0)
    service.wait_ready()


def test_other_threads_are_not_interrupted(service, reg):
    node = reg.at("jlopez/web/1.0/1").node("slave2")
    read = []
    other = threading.Thread(target=lambda: read.append(node.host))
    service.pause(0)
    try:
        other.start()
        # ZooKeeper's client lets go of a call with its session only, which the other one has too.
        assert interrupted_after(reg.templates) < (15 if KIND == "zookeeper" else 1)
    finally:
        service.resume(0)
    other.join(30)
    assert read == ["h2"]


def test_a_handler_that_returns_changes_nothing(service, reg):
    node = reg.at("jlopez/web/1.0/1").node("slave2")
    calls = []

    def handler(*_):
        calls.append(confreg.__version__)
        if len(calls) == 3:
            service.resume(0)
    before = signal.signal(signal.SIGUSR1, handler)
    timers = [threading.Timer(delay, os.kill, (os.getpid(), signal.SIGUSR1))
              for delay in (0.2, 0.3, 0.4)]
    try:
        service.pause(0)
        for timer in timers:
            timer.start()
        assert node.host == "h2" and len(calls) == 3
    finally:
        for timer in timers:
            timer.join()
        signal.signal(signal.SIGUSR1, before)
        service.resume(0)


def test_nothing_is_left(service, reg):
    """Whatever was interrupted above is whole or not there, at the latest after a sweep."""
    service.wait_ready()
    deadline = time.monotonic() + 60
    while reg.fsck().findings and time.monotonic() < deadline:
        time.sleep(1)
        reg.sweep()
    assert reg.fsck().findings == []
    for record in reg.query("u"):
        assert len(reg.at(record.dn).nodes) in (3, 90)
    assert reg.instantiate("u", "web", "1.0").nodes[2].cpu == "2"
