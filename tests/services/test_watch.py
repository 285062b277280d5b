# SPDX-License-Identifier: MIT
"""
Watching through what happens to real servers: killed, restarted, compacted, wiped, sessions
lost. One contract: no change without an event, no gap without a resync, and in the end what
the events say is what the store has.

CONFREG is the program, CONFREG_WATCH_STORE the kind of server (consul, etcd or zookeeper).
"""
import base64
import json
import os
import queue
import shutil
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request

import pytest

import services

PROGRAM = os.environ.get("CONFREG", "confreg")
KIND = os.environ.get("CONFREG_WATCH_STORE", "etcd")
WRITERS = 4
CHANGES = 1000
QUIET = 4.0


@pytest.fixture(scope="module")
def service():
    with services.start(KIND) as started:
        yield started


def run(service, *words, code=0, parameters=""):
    url = service.url + "/watching" + parameters
    result = subprocess.run([PROGRAM, *words], env={**os.environ, "CONFREG_STORE": url}, timeout=60,
                            capture_output=True, text=True, check=False)
    assert code is None or result.returncode == code, result
    return result


def put(service, key, value):
    """Put until it is done: a server that was killed comes back."""
    end = time.monotonic() + 40
    while run(service, "kv", "put", key, value, "-q", code=None).returncode != 0:
        assert time.monotonic() < end, "no server for 40 s"
        time.sleep(0.1)


def stored(service, prefix):
    rows = json.loads(run(service, "kv", "export", prefix).stdout)
    return {row["key"]: base64.b64decode(row["value"] or "").decode() for row in rows}


class Mirror:
    """A `kv watch` in the background, and what its events add up to."""

    def __init__(self, service, prefix, parameters="", more=()):
        url = service.url + "/watching" + parameters
        self.process = subprocess.Popen(
            [PROGRAM, "kv", "watch", prefix, "--snapshot", "-o", "jsonl", *more], text=True,
            env={**os.environ, "CONFREG_STORE": url}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.prefix = prefix
        self.lines = queue.Queue()
        self.state = {}
        self.kinds = []
        self.problems = []
        threading.Thread(target=self.read, daemon=True).start()
        threading.Thread(target=self.read_problems, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))
        self.lines.put(None)

    def read_problems(self):
        for line in self.process.stderr:
            self.problems.append(line)

    def __enter__(self):
        self.until(lambda: "snapshot-end" in self.kinds)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()

    def take(self, timeout):
        """Apply one event; False when none came in time."""
        try:
            event = self.lines.get(timeout=timeout)
        except queue.Empty:
            return False
        assert event is not None, "the watch ended: " + "".join(self.problems)
        kind, path = event["event"], event.get("path")
        self.kinds.append(kind)
        if kind == "put":
            assert self.state.get(path) == event.get("old"), (event, self.state.get(path))
        if kind in ("put", "snapshot"):
            self.state[path] = event["value"]
        if kind == "delete":
            assert self.state.pop(path) == event["old"]
        return True

    def until(self, done, seconds=40):
        end = time.monotonic() + seconds
        while not done():
            assert self.take(max(end - time.monotonic(), 0)), (self.kinds[-10:], self.problems)

    def settle(self, service):
        """Until it has been silent for a while: then it must have what the store has."""
        wanted = stored(service, self.prefix)
        end = time.monotonic() + 30
        while self.state != wanted and time.monotonic() < end:
            self.take(1)
        while self.take(0.5):
            pass
        assert self.state == stored(service, self.prefix)


def post(service, path, document):
    url = "http://127.0.0.1:%d%s" % (service.ports[0][0], path)
    request = urllib.request.Request(url, data=json.dumps(document).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.loads(answer.read())


def compact(service):
    """Make etcd forget its history up to now."""
    revision = post(service, "/v3/kv/range", {"key": "AA=="})["header"]["revision"]
    try:
        post(service, "/v3/kv/compaction", {"revision": revision})
    except urllib.error.HTTPError as problem:
        # Nobody has written since the last time.
        assert b"has been compacted" in problem.read(), problem


def restart(service, wipe=False):
    service.kill(0)
    if wipe:
        shutil.rmtree(service.node_folder(0) / "data", ignore_errors=True)
        for left in service.node_folder(0).glob("version-2"):
            shutil.rmtree(left)
    service.restart(0)
    service.wait_ready()


def test_watch__goes_on_after_the_server_was_killed(service):
    put(service, "killed/a", "1")
    with Mirror(service, "killed") as mirror:
        restart(service)
        put(service, "killed/a", "2")
        put(service, "killed/b", "1")
        mirror.until(lambda: mirror.state == {"killed/a": "2", "killed/b": "1"})
        put(service, "killed/a", "3")
        mirror.until(lambda: mirror.state["killed/a"] == "3")


def test_watch__a_change_while_the_watch_could_not_look_is_told(service):
    """The server dies under the watch, and there are changes before it looks again."""
    put(service, "missed/a", "1")
    with Mirror(service, "missed") as mirror:
        time.sleep(1.5)  # it waits
        service.kill(0)
        time.sleep(1.5)  # it notices
        mirror.process.send_signal(signal.SIGSTOP)
        service.restart(0)
        service.wait_ready()
        put(service, "missed/a", "2")
        mirror.process.send_signal(signal.SIGCONT)
        mirror.until(lambda: mirror.state == {"missed/a": "2"})
        if KIND == "etcd":  # its watches end with the server; the others ask by index
            assert "resync" in mirror.kinds


@pytest.mark.skipif(KIND != "etcd", reason="only etcd forgets its history")
def test_watch__compaction_gives_resync_and_the_differences(service, tmp_path):
    put(service, "compacted/a", "1")
    # The command of an event keeps the watch from looking until `go` is there.
    hold = 'test "$CONFREG_EVENT" != snapshot-end || while test ! -e %s/go; do sleep 0.05; done'
    with Mirror(service, "compacted", more=("--exec", hold % tmp_path)) as mirror:
        for i in range(5):
            put(service, "compacted/a", str(i + 2))
            put(service, "compacted/%d" % i, "x")
        compact(service)
        (tmp_path / "go").touch()
        mirror.until(lambda: len(mirror.state) == 6 and mirror.state["compacted/a"] == "6")
        assert mirror.kinds.count("resync") == 1 and mirror.kinds.index("resync") == 2
        mirror.settle(service)
        put(service, "compacted/a", "after")
        mirror.until(lambda: mirror.state["compacted/a"] == "after")
        assert mirror.kinds.count("resync") == 1


@pytest.mark.skipif(KIND != "zookeeper", reason="a session is what ZooKeeper has")
def test_watch__goes_on_when_its_session_has_expired(service):
    put(service, "expired/a", "1")
    with Mirror(service, "expired", "?session_ms=1000") as mirror:
        mirror.process.send_signal(signal.SIGSTOP)
        time.sleep(4)
        put(service, "expired/a", "2")
        put(service, "expired/b", "1")
        mirror.process.send_signal(signal.SIGCONT)
        mirror.until(lambda: mirror.state == {"expired/a": "2", "expired/b": "1"})
        put(service, "expired/a", "3")
        mirror.until(lambda: mirror.state["expired/a"] == "3")


def write_many(service, writer, failures):
    try:
        for i in range(CHANGES // WRITERS):
            key = "many/%d/k%d" % (writer, i * 7 % 16)
            if i % 9 == 8:
                end = time.monotonic() + 40
                while run(service, "kv", "rm", key, "-q", code=None).returncode not in (0, 3):
                    assert time.monotonic() < end
                    time.sleep(0.1)
            else:
                put(service, key, str(i))
    except Exception as problem:  # a thread's own failure would be lost
        failures.append(problem)


def test_watch__a_thousand_changes_through_a_restart_and_a_compaction(service):
    failures = []
    with Mirror(service, "many") as mirror:
        writers = [threading.Thread(target=write_many, args=(service, number, failures))
                   for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        time.sleep(1)
        if KIND == "etcd":
            compact(service)
        restart(service)
        if KIND == "etcd":
            compact(service)
        while any(writer.is_alive() for writer in writers):
            mirror.take(0.2)
        assert failures == []
        mirror.settle(service)
        puts = mirror.kinds.count("put") + mirror.kinds.count("delete")
        print("%s: %d events of %d changes, %d resyncs" % (
            KIND, puts, CHANGES, mirror.kinds.count("resync")))
        assert puts >= len(mirror.state)


def test_watch__a_server_with_fresh_data_gives_resync(service):
    """Its index begins anew: nothing that was there is there, and both are told."""
    for i in range(20):
        put(service, "fresh/%d" % i, "old")
    with Mirror(service, "fresh") as mirror:
        restart(service, wipe=True)
        put(service, "fresh/new", "1")
        mirror.until(lambda: mirror.state == {"fresh/new": "1"})
        assert "resync" in mirror.kinds
        put(service, "fresh/new", "2")
        mirror.until(lambda: mirror.state["fresh/new"] == "2")
