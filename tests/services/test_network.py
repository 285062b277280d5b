# SPDX-License-Identifier: MIT
"""
A network that goes wrong between the command and a real server (proxy.py).

Each case loses one reply or one request of the commit protocol, chosen by the value that only
this write carries; then the connection is reset or falls silent, and the network heals or stays
dead until the command has given up. Whatever happens, the command says the truth or "unknown"
with a request id; asking with the id gives the truth, repeating makes no second instance, and
nothing is left when it has been swept.

CONFREG is the program, CONFREG_TEST_KIND the server (consul, etcd or zookeeper). All cases of a
server run at the same time, because most of them wait.
"""
import base64
import concurrent.futures
import itertools
import json
import os
import subprocess
import time

import pytest

import services
from proxy import Proxy

PROGRAM = os.environ.get("CONFREG", "confreg")
KIND = os.environ.get("CONFREG_TEST_KIND", "etcd")
LONG = os.environ.get("CONFREG_TEST_LONG") == "1"
CASES_AT_ONCE = 20
MARK = "a-value-that-only-one-write-carries"
TIMEOUT_MS = 1500
# An unclear answer is asked for again as long as servers take to elect a leader (chunks.c).
PATIENCE = 12
LIVENESS_PATIENCE = 20
KEYS = 42
BODY = ('{"mark": "{{ opts.mark }}", "tail": "x"'
        '{%% for n in range(%d) %%}, "k{{ n }}": "{{ n }}"{%% endfor %%}}' % (KEYS - 2))
OPTIONS = '{"required": {}, "optional": {"mark": ""}}'

POINTS = {
    "whole": MARK,                                     # T: all in one transaction
    "intent": '{"f":1,"r":"%s","op":"create"',          # T0
    "chunk": MARK,                                     # Tk
    "record": '{"f":1,"r":"%%s","n":%d' % KEYS,         # Tc
}
LOST = ("reply", "request")
THEN = ("reset", "silence")
AFTER = ("heals", "dead")


def wanted(point, lost, then, after):
    """The standard tier: every point, lost either way, and the network dead or not."""
    return LONG or (then == "reset") == (lost == "reply")


CASES = [case for case in itertools.product(POINTS, LOST, THEN, AFTER) if wanted(*case)]


@pytest.fixture(scope="module")
def service():
    with services.start(KIND) as started:
        yield started


class Run:
    def __init__(self, url, *words, timeout=90):
        started = time.monotonic()
        result = subprocess.run([PROGRAM, *words], env={**os.environ, "CONFREG_STORE": url},
                                capture_output=True, text=True, timeout=timeout, check=False)
        self.seconds = time.monotonic() - started
        self.words, self.code, self.out, self.err = words, result.returncode, result.stdout, result.stderr

    def __repr__(self):
        return "%s\nexit %d in %.1f s\n%s%s" % (
            " ".join(self.words), self.code, self.seconds, self.out, self.err)


def on_wire(text):
    """A value's bytes as they pass; Consul carries base64, of which whole groups are compared."""
    data = text.encode()
    return base64.b64encode(data[:len(data) // 3 * 3]) if KIND == "consul" else data


def url_through(proxy, root, parameters=""):
    return "%s://127.0.0.1:%d/%s?timeout_ms=%d%s" % (KIND, proxy.port, root, TIMEOUT_MS, parameters)


def register(url, folder):
    (folder / "body.json").write_text(BODY)
    (folder / "options.json").write_text(OPTIONS)
    run = Run(url, "template", "register", "lot", "1", "--file", str(folder / "body.json"),
              "--options", str(folder / "options.json"), "-q")
    assert run.code == 0, run


def create(url, request):
    return Run(url, "instance", "create", "bob", "lot", "1", "--set", "mark=" + MARK,
               "--request-id", request, "-o", "name", "-q")


class Outcome:
    """One case: the command that met the fault, and all that was asked afterwards."""

    def __init__(self, service, case, folder):
        point, lost, then, after = case
        root = "-".join(case)
        direct = service.url + "/" + root
        request = "order-" + point
        register(direct, folder)
        with Proxy(service.ports[0][0]) as proxy:
            # Long enough for a busy machine: a call that hears nothing takes 0.75 s of it.
            parameters = "&session_ms=5000" if KIND == "zookeeper" else "&liveness_ms=5000"
            if point != "whole":
                parameters += "&transaction_operations=12"
            url = url_through(proxy, root, parameters)
            marker = POINTS[point] % request if "%s" in POINTS[point] else POINTS[point]
            lose = proxy.lose_reply if lost == "reply" else proxy.lose_request
            rule = lose(on_wire(marker), then, "silence" if after == "dead" else None)
            self.first = create(url, request)
            self.was_met = rule.met.is_set()
            proxy.heal()
            self.status = self.ask(url, request)
            self.again = create(url, request)
        self.listed = Run(direct, "instance", "list", "-o", "name")
        self.swept = self.sweep(direct)
        self.rows = json.loads(Run(direct, "kv", "export", "instances").out or "[]")
        self.fsck = Run(direct, "store", "fsck")

    @staticmethod
    def ask(url, request):
        """What became of it; while the store takes the writer for alive: "being written" (4)."""
        end = time.monotonic() + LIVENESS_PATIENCE
        while True:
            status = Run(url, "instance", "status", "--request", request, "-o", "name")
            if status.code != 4 or time.monotonic() > end:
                return status
            assert "is being written as instances/bob/lot/1/1" in status.err, status
            time.sleep(0.2)

    @staticmethod
    def sweep(url):
        """Until no intent is left: the store lets go of a dead writer when its time is over."""
        end = time.monotonic() + LIVENESS_PATIENCE
        while True:
            swept = Run(url, "store", "sweep", "-q")
            left = Run(url, "kv", "list", "_confreg/v1/i", "-o", "name")
            intents = [line for line in left.out.splitlines() if "," in line]
            if not intents or swept.code != 0 or time.monotonic() > end:
                return intents
            time.sleep(0.5)


@pytest.fixture(scope="module", autouse=True)
def outcomes(service, tmp_path_factory):
    """Under way beside the tests of deadlines, which come first in this file."""
    with concurrent.futures.ThreadPoolExecutor(CASES_AT_ONCE) as pool:
        yield {case: pool.submit(Outcome, service, case, tmp_path_factory.mktemp("case"))
               for case in CASES}

# ---- the deadline of one call ----------------------------------------------------------------

DEADLINE_MS = 1000
GRACE = 3.0  # starting the command, and a machine that is busy


@pytest.fixture
def proxy(service):
    with Proxy(service.ports[0][0]) as made:
        yield made


def url_of(proxy, timeout_ms=DEADLINE_MS):
    return "%s://127.0.0.1:%d/deadline?timeout_ms=%d" % (KIND, proxy.port, timeout_ms)


def test_network__a_silent_server_is_given_up_at_the_deadline(service, proxy):
    proxy.silence()
    run = Run(url_of(proxy), "kv", "get", "key")
    assert run.code == 5 and run.seconds < DEADLINE_MS / 1000 + GRACE, run


@pytest.mark.parametrize("then", ["silence", "reset", "close", "half-close"])
def test_network__a_put_without_an_answer_is_unknown_at_the_deadline(service, proxy, then):
    put = Run(url_of(proxy), "kv", "put", "key-" + then, "before", "-q")
    assert put.code == 0, put
    proxy.lose_reply(on_wire(MARK) if KIND != "consul" else MARK.encode(), then, "silence")
    run = Run(url_of(proxy), "kv", "put", "key-" + then, MARK)
    assert run.code == 6 and run.seconds < DEADLINE_MS / 1000 + GRACE, run
    assert "may have been made" in run.err
    proxy.heal()
    assert Run(url_of(proxy), "kv", "get", "key-" + then).out.strip() == MARK


def test_network__an_answer_may_come_byte_by_byte(service, proxy):
    value = "v" * 300
    assert Run(url_of(proxy), "kv", "put", "slow", value, "-q").code == 0
    proxy.slow(piece=7, pause=0.002)
    run = Run(url_of(proxy, 10000), "kv", "get", "slow")
    assert run.code == 0 and run.out.strip() == value, run


def test_network__an_answer_that_drips_is_given_up_at_the_deadline(service, proxy):
    value = "v" * 100000
    assert Run(url_of(proxy), "kv", "put", "drip", value, "-q").code == 0
    proxy.slow(piece=256, pause=0.02)
    run = Run(url_of(proxy), "kv", "get", "drip")
    assert run.code == 5 and run.seconds < 2 * DEADLINE_MS / 1000 + GRACE, run


@pytest.mark.parametrize("how", ["reset", "half-close"])
def test_network__a_watch_goes_on_over_broken_connections(service, proxy, how):
    url = url_of(proxy, 5000)
    direct = service.url + "/deadline"
    watch = subprocess.Popen([PROGRAM, "kv", "watch", "broken-" + how, "-o", "jsonl"],
                             env={**os.environ, "CONFREG_STORE": url}, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        for number in range(3):
            end = time.monotonic() + 10
            while not proxy.links and time.monotonic() < end:
                time.sleep(0.02)
            time.sleep(0.5)  # it waits
            proxy.end_all(how)
            time.sleep(0.2)
            assert Run(direct, "kv", "put", "broken-%s/%d" % (how, number), "x", "-q").code == 0
        time.sleep(2)
    finally:
        watch.kill()
        out, err = watch.communicate()
    # A resync may stand between them: a store that cannot vouch for the gap says so.
    paths = [json.loads(line)["path"] for line in out.splitlines()
             if json.loads(line)["event"] == "put"]
    assert paths == ["broken-%s/%d" % (how, number) for number in range(3)], (out, err)


# ---- one lost message ------------------------------------------------------------------------

@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_network__one_lost_message_of_a_create(outcomes, case):
    outcome = outcomes[case].result()
    point, _, _, after = case
    first, status, again = outcome.first, outcome.status, outcome.again
    assert outcome.was_met, "the fault was not met"
    # What the command said...
    if after == "heals":
        assert first.code == 0, first
    elif point in ("whole", "record"):
        assert first.code == 6, first
        assert "order-" + point in first.err and "instances/bob/lot/1/1" in first.err, first
    else:
        assert first.code == 5, first  # without a record there is nothing: that much is known
    # ...is true, and can be asked.
    if first.code == 0:
        assert status.code == 0 and status.out == first.out, (first, status)
    elif first.code == 5:
        assert status.code == 3, (first, status)
    else:
        assert status.code in (0, 3), (first, status)
    # Repeating is harmless.
    assert again.code == 0, again
    if status.code == 0:
        assert again.out == status.out, (status, again)
    assert outcome.listed.out == again.out, (again, outcome.listed)
    # Nothing of a dead try is left.
    assert outcome.swept == []
    heads = {"/".join(row["key"].split("/")[:5]) for row in outcome.rows}
    assert heads == {again.out.strip()}, heads
    assert len(outcome.rows) == KEYS
    assert outcome.fsck.code == 0, outcome.fsck
    # And nobody waits for ever.
    assert first.seconds < PATIENCE + 3 * TIMEOUT_MS / 1000 + 8, first
