# SPDX-License-Identifier: MIT
"""What the hostile servers share: a behaviour, the command that meets it, and the judge.

A server of consul.py, etcd.py or zookeeper.py is honest until a behaviour spoils one of its
answers. A behaviour is one small function with a row of what the command may make of it:

    @behaviour("get", 5)                  # `kv get` must end with exit code 5
    def body_is_html(answer): ...

Whatever the server does, the command must end by itself and within its deadline, with one of the
codes, by no signal, with a message, within its memory; no sanitizer may speak. What it says of a
write has to be true: 0 is done, 5 is not done, 6 leaves both open. "True" is looked up in the
server's own table.
"""
import asyncio
import os
import re
import signal
import time

PROGRAM = os.environ.get("CONFREG", "confreg")
LONG = os.environ.get("CONFREG_TEST_LONG") == "1"
TIMEOUT_MS = 1500
GRACE = 12.0            # starting a command on a machine that is busy
UNMET = "the behaviour was not met"  # on a busy machine: no session in time
UNMET_TRIES = 3
HANGS = 25.0            # and is killed
MEMORY_MAX = 700 << 20  # of one command; sanitizers keep shadows, and are not measured
AT_ONCE = 16
# The ZooKeeper client loses memory, and asks for less than none, when answers cannot be read.
LEAKS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "leaks.txt")
SANITIZERS = {"LSAN_OPTIONS": "print_suppressions=0:suppressions=" + LEAKS,
              "ASAN_OPTIONS": "allocator_may_return_null=1"}
IS_SANITIZED = os.environ.get("CONFREG_SANITIZED") == "1"

# What the honest table holds.
KEY, VALUE = "hostile/a/key", "the honest value"
TABLE = {KEY: VALUE.encode(), "hostile/a/other": b"", "hostile/b": b"2"}
WRITTEN, NEW = "hostile/written", "a new value"

COMMANDS = {
    "get": ["kv", "get", "a/key"],
    "list": ["kv", "list", "a", "-o", "name"],
    "export": ["kv", "export", "a"],
    "wide": ["kv", "list", "wide", "-o", "name"],
    "put": ["kv", "put", "written", NEW, "-q"],
    "create-only": ["kv", "put", "written", NEW, "--cas", "absent", "-q"],
    "instances": ["instance", "list", "-o", "name"],
    "watch": ["kv", "watch", "a", "--timeout", "1s", "-o", "jsonl"],
    "info": ["store", "info"],
}


class Behaviour:
    def __init__(self, function, command, codes, spoils, out, is_long, seconds):
        self.function = function
        self.name = function.__name__
        self.command = command
        self.codes = codes
        self.spoils = spoils    # which requests: the server's own words
        self.out = out          # what a 0 must have printed
        self.is_long = is_long
        self.seconds = seconds


class Table(list):
    """All behaviours of a protocol, in the order of the file."""

    def behaviour(self, command, *codes, spoils=None, out=None, is_long=False, seconds=1.0):
        def add(function):
            self.append(Behaviour(function, command, codes, spoils, out, is_long, seconds))
            return function
        return add


class Run:
    """One command that has ended."""

    def __init__(self, words, process, out, err, seconds, peak):
        self.words, self.code, self.seconds, self.peak = words, process, seconds, peak
        self.out = out.decode(errors="replace")
        self.err = err.decode(errors="replace")

    def __str__(self):
        return "%s\n  exit %s in %.1f s, %d MiB\n  out: %.300s\n  err: %.600s" % (
            " ".join(self.words), self.code, self.seconds, self.peak >> 20, self.out, self.err)


def wait_for(child):
    """The child's status and its largest memory; wait4 tells both at once."""
    _, status, usage = os.wait4(child, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024


async def run(words, url):
    """Files for the output: nobody has to read along, and a signal loses nothing."""
    started = time.monotonic()
    with open_unnamed() as out, open_unnamed() as err:
        child = os.posix_spawnp(
            PROGRAM, [PROGRAM, *words],
            {**os.environ, **SANITIZERS, "CONFREG_STORE": url},
            file_actions=[(os.POSIX_SPAWN_DUP2, out.fileno(), 1),
                          (os.POSIX_SPAWN_DUP2, err.fileno(), 2)])
        ended = asyncio.get_running_loop().run_in_executor(None, wait_for, child)
        done, _ = await asyncio.wait([ended], timeout=HANGS)
        if not done:
            os.kill(child, signal.SIGKILL)
        code, peak = await ended
        out.seek(0)
        err.seek(0)
        return Run(words, code, out.read(), err.read(), time.monotonic() - started, peak)


def open_unnamed():
    return os.fdopen(os.memfd_create("output"), "w+b")


def judge(row, result, server):
    """What is wrong with it, or None."""
    if result.code < 0:
        return "ended by signal %d" % -result.code
    if re.search(r"ERROR: (Address|Leak)Sanitizer|runtime error:", result.err):
        return "a sanitizer speaks"
    if result.code not in row.codes:
        return "exit code %d, not %s" % (result.code, "/".join(map(str, row.codes)))
    if result.code not in (0, 124) and not re.search(r"^confreg: \S", result.err, re.M):
        return "no message"
    if result.seconds > row.seconds * (TIMEOUT_MS / 1000 + GRACE):
        return "took %.1f s" % result.seconds
    if result.peak > MEMORY_MAX and not IS_SANITIZED:
        return "took %d MiB" % (result.peak >> 20)
    if result.code == 0 and row.out is not None and result.out.strip() != row.out:
        return "printed something else"
    return judge_write(row, result, server)


def judge_write(row, result, server):
    if row.command not in ("put", "create-only"):
        return None
    found = server.table.get(WRITTEN)
    if found not in (None, NEW.encode()):
        return "half a value was written: %r" % found
    if result.code == 0 and found is None:
        return "said done, and nothing is there"
    if result.code not in (0, 6) and found is not None:
        return "said not done, and it is there"
    return None


async def one(kind, row, make_server):
    """A server of its own for each behaviour, on a port of its own."""
    server = make_server(row)
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=1 << 24) as opened:
        port = opened.sockets[0].getsockname()[1]
        url = "%s://127.0.0.1:%d/%s?timeout_ms=%d" % (kind, port, server.root, TIMEOUT_MS)
        words = COMMANDS[row.command]
        result = await run(words, url)
        trouble = judge(row, result, server)
        if result.code >= 0 and not server.was_met:
            trouble = UNMET
        server.stop()
    return trouble, result


async def all_of(kind, rows, make_server):
    """Prints one line for each failure; returns how many there were."""
    places = asyncio.Semaphore(AT_ONCE)

    async def place(row):
        async with places:
            for _ in range(UNMET_TRIES):
                trouble, result = await one(kind, row, make_server)
                if trouble != UNMET:
                    break
            return trouble, result

    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    results = await asyncio.gather(*(place(row) for row in rows))
    failed = 0
    for row, (trouble, result) in zip(rows, results):
        if trouble is not None:
            failed += 1
            print("%s %s: %s\n  %s" % (kind, row.name, trouble, result))
    slowest = max(result.seconds for _, result in results)
    largest = max(result.peak for _, result in results)
    print("%s: %d behaviours, %d failed; slowest %.1f s, largest %d MiB"
          % (kind, len(rows), failed, slowest, largest >> 20))
    return failed


class Server:
    """An honest server with one answer spoiled; the protocols' files fill it in."""

    root = "hostile"

    def __init__(self, row):
        self.row = row
        self.table = dict(TABLE)
        self.was_met = False
        self.tasks = set()
        self.is_open = True

    def stop(self):
        self.is_open = False
        for task in self.tasks:
            task.cancel()

    async def serve(self, reader, writer):
        task = asyncio.current_task()
        self.tasks.add(task)
        try:
            await self.talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, BrokenPipeError):
            pass
        finally:
            self.tasks.discard(task)
            writer.transport.abort()


class Close(Exception):
    """Ends the connection."""


async def send(writer, data):
    writer.write(data)
    await writer.drain()


async def drip(writer, data, pause=0.02, piece=1):
    for at in range(0, len(data), piece):
        await send(writer, data[at:at + piece])
        await asyncio.sleep(pause)


async def endless(writer, piece, most=1 << 32):
    sent = 0
    while sent < most:
        await send(writer, piece)
        sent += len(piece)


async def silence():
    await asyncio.sleep(3600)
