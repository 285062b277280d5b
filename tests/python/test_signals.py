# SPDX-License-Identifier: MIT
"""Ctrl-C ends every wait, soon; a handler that returns lets it go on."""
import os
import signal
import threading
import time

import pytest

import confreg
import confreg.jinja

# The promise; a loaded machine may take its time to run us again, so the best of some tries counts.
SOON = 0.1


def interrupted_after(wait):
    sent = []

    def send():
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)
    timer = threading.Timer(0.3, send)
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            wait()
        return time.monotonic() - sent[0]
    finally:
        timer.join()


def best_of(wait, times=10):
    best = interrupted_after(wait)
    while best >= SOON and times > 1:
        best, times = min(best, interrupted_after(wait)), times - 1
    return best


def test_ctrl_c_in_a_watch(cluster):
    watch = cluster.watch()
    assert best_of(lambda: next(watch)) < SOON
    assert best_of(lambda: watch.next(30)) < SOON
    cluster.status = "after"
    assert watch.next(30).value == "after"


def test_ctrl_c_in_a_wait_of_keys(reg):
    revision = reg.kv.read(prefixes=["a"]).revision
    assert best_of(lambda: reg.kv.wait("a", revision)) < SOON


ENDLESS = "{% for a in range(10**9) %}{% for b in range(10**9) %}{% endfor %}{% endfor %}"


def test_ctrl_c_in_a_long_render():
    environment = confreg.jinja.Environment(limits={"fuel": 2**62})
    template = environment.from_string(ENDLESS)
    assert best_of(template.render) < SOON
    environment.filters["endless"] = lambda _: template.render()
    nested = environment.from_string("{{ 1|endless }}")
    assert best_of(nested.render) < SOON


def test_a_handler_may_call_the_library(reg, cluster):
    """In the middle of another call; and that one is interruptible all the same afterwards."""
    template = confreg.jinja.Environment(limits={"fuel": 2**62}).from_string(ENDLESS)
    seen = []
    before = signal.signal(signal.SIGUSR1, lambda *_: seen.append(cluster.status))
    try:
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        assert best_of(template.render) < SOON
        assert seen == ["new"]
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_handler_that_returns_changes_nothing(cluster):
    calls = []
    before = signal.signal(signal.SIGUSR1, lambda *_: calls.append(1))
    try:
        with cluster.watch() as watch:
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGUSR1)).start()
            threading.Timer(0.5, setattr, (cluster, "status", "x")).start()
            assert watch.next(20).value == "x"
        assert calls == [1]
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_handler_that_raises_stops_an_instantiate(reg):
    def handler(*_):
        raise InterruptedError("stop")
    before = signal.signal(signal.SIGUSR1, handler)
    try:
        with pytest.raises(InterruptedError):
            reg.instantiate("u", "web", "1.0",
                            progress=lambda *_: os.kill(os.getpid(), signal.SIGUSR1))
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert len(reg.query("u")) <= 1 and reg.fsck().findings == []
