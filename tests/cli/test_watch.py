# SPDX-License-Identifier: MIT
"""instance watch, instance wait, kv watch: events as they happen, commands, exit codes."""
import json
import subprocess
import threading
import time

from conftest import PROGRAM

DN = "jlopez/hadoop/1.0/1"


class Watch:
    """A watch in the background; its events are read line by line."""

    def __init__(self, confreg, *words):
        self.process = subprocess.Popen([PROGRAM, *words], cwd=confreg.folder, env=confreg.env,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.timer = threading.Timer(30, self.process.kill)
        self.timer.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.timer.cancel()
        self.process.kill()
        self.process.communicate()

    def next(self):
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        return json.loads(line)

    def skip_to(self, kind):
        event = self.next()
        while event["event"] != kind:
            event = self.next()
        return event


def test_watch__changes_of_an_instance_come_one_a_line(instance):
    with Watch(instance, "instance", "watch", DN, "--snapshot", "-o", "jsonl") as watch:
        watch.skip_to("snapshot-end")
        instance("instance", "set", DN, "nodes/slave0/status=running", "-q")
        event = watch.next()
        assert {key: event[key] for key in ("event", "dn", "path", "value", "old", "more")} == {
            "event": "put", "dn": "instances/" + DN, "path": "nodes/slave0/status", "value": "running",
            "old": "_", "more": False}
        instance("instance", "rm", DN, "-q")
        assert watch.next()["event"] == "removed"
        assert watch.process.wait(10) == 0


def test_watch__table_names_event_path_and_value(instance):
    out = instance("instance", "watch", DN, "--snapshot", "--timeout", "1s").out
    assert "snapshot      status  registered\n" in out and out.endswith("snapshot-end  instances/" + DN + "\n")


def test_watch__all_tells_of_instances(instance):
    with Watch(instance, "instance", "watch", "--all", "--snapshot", "-o", "jsonl") as watch:
        assert watch.next()["dn"] == "instances/" + DN
        watch.skip_to("snapshot-end")
        instance("instance", "create", "bob", "hadoop", "1.0", "--set", "slaves.number=1", "-q")
        created = watch.next()
        assert (created["event"], created["dn"]) == ("created", "instances/bob/hadoop/1.0/1")
        assert "path" not in created
        instance("instance", "rm", DN, "-q")
        removed = watch.next()
        assert (removed["event"], removed["dn"]) == ("removed", "instances/" + DN)
        instance("instance", "rm", "bob/hadoop/1.0/1", "-q")
        assert watch.next()["dn"] == "instances/bob/hadoop/1.0/1"


def test_watch__exec_has_the_event_in_environment_and_stdin(instance):
    (instance.folder / "hook").write_text(
        'printf "%s|%s|%s|%s|" "$CONFREG_EVENT" "$CONFREG_EVENT_DN" "$CONFREG_EVENT_PATH" "$CONFREG_EVENT_VALUE" '
        '>> told; cat >> told\n')
    with Watch(instance, "instance", "watch", DN, "--exec", "sh hook", "--count", "1") as watch:
        time.sleep(0.5)
        instance("instance", "set", DN, "status=a b 'c' $(touch pwned)", "-q")
        assert watch.process.wait(20) == 0
        assert watch.process.stdout.read() == ""
    kind, dn, path, value, event = (instance.folder / "told").read_text().split("|")
    assert (kind, dn, path, value) == ("put", "instances/" + DN, "status", "a b 'c' $(touch pwned)")
    assert json.loads(event)["value"] == value
    assert not (instance.folder / "pwned").exists()


def test_watch__exec_that_fails_does_not_end_it(confreg):
    confreg("kv", "put", "a/b", "1")
    confreg("kv", "put", "a/c", "1")
    result = confreg("kv", "watch", "a", "--snapshot", "--count", "3", "--exec", "echo ran; exit 3")
    assert result.out == "ran\n" * 3 and result.err.count("exited with 3") == 3


def test_watch__large_and_binary_values_reach_the_command(confreg):
    confreg("kv", "put", "a/large", "-", stdin=b"x" * 300000)
    confreg("kv", "put", "a/raw", "-", stdin=b"\x00\xff")
    result = confreg("kv", "watch", "a", "--snapshot", "--count", "2", "--exec",
                     'cat; echo "${CONFREG_EVENT_VALUE-unset}"')
    lines = result.lines()
    assert json.loads(lines[0])["value"] == "x" * 300000 and lines[1] == "unset"
    assert json.loads(lines[2])["value"] == {"b64": "AP8="} and lines[3] == "unset"


def test_watch__cursor_goes_on_where_it_was(confreg):
    confreg("kv", "put", "a/b", "1")
    last = json.loads(confreg("kv", "watch", "a", "--snapshot", "--count", "2", "-o", "jsonl").lines()[-1])
    resume = ("kv", "watch", "a", "--cursor", last["cursor"], "--timeout", "500ms", "-o", "jsonl")
    assert confreg(*resume).out == ""
    confreg("kv", "put", "a/b", "2")
    assert [json.loads(line)["event"] for line in confreg(*resume).lines()] == [
        "resync", "snapshot", "snapshot-end"]
    confreg.fails(7, "kv", "watch", "a", "--cursor", "nonsense")
    confreg.fails(7, "kv", "watch", "other", "--cursor", last["cursor"])


def test_watch__refuses_what_makes_no_sense(instance):
    instance.fails(2, "instance", "watch")
    instance.fails(2, "kv", "watch", "-o", "yaml")
    instance.fails(3, "instance", "watch", "jlopez/hadoop/1.0/99", "--timeout", "1s")
    instance.fails(7, "instance", "watch", "jlopez/hadoop", "--timeout", "1s")


def test_wait__is_done_at_once_or_when_it_becomes_true(instance):
    instance("instance", "wait", DN, "--for", "status=registered", "--timeout", "5s")
    with Watch(instance, "instance", "wait", DN, "--for", "status=running", "--for",
               "nodes/slave0/status=up", "--timeout", "20s") as wait:
        instance("instance", "set", DN, "status=running", "-q")
        time.sleep(0.5)
        assert wait.process.poll() is None
        instance("instance", "set", DN, "nodes/slave0/status=up", "-q")
        assert wait.process.wait(15) == 0


def test_wait__exits_1_when_the_time_is_over(instance):
    start = time.monotonic()
    result = instance.run("instance", "wait", DN, "--for", "status=running", "--timeout", "700ms")
    assert result.code == 1 and result.out == "", result
    assert 0.6 < time.monotonic() - start < 10


def test_wait__for_removed_and_removed_meanwhile(instance):
    with Watch(instance, "instance", "wait", DN, "--for", "removed", "--timeout", "20s") as gone, \
            Watch(instance, "instance", "wait", DN, "--for", "status=never", "--timeout", "20s") as never:
        time.sleep(0.5)
        instance("instance", "rm", DN, "-q")
        assert gone.process.wait(15) == 0
        assert never.process.wait(15) == 3
    instance("instance", "wait", DN, "--for", "removed", "--timeout", "1s")


def test_wait__needs_conditions_that_can_be_read(instance):
    for words in ([], ["--for", "status"], ["--for", "=x"], ["--for", "removed", "--for", "a=b"]):
        instance.fails(2, "instance", "wait", DN, *words)
