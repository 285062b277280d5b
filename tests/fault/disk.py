# SPDX-License-Identifier: MIT
"""A disk that is full, fails or lies, under the command and its LMDB store.

    disk.py full     RLIMIT_FSIZE in steps: a change is there, or it is not and the command says so
    disk.py damage   each page zeroed, turned over, shuffled; the file cut at each page
    disk.py calls    strace lets the Nth call of a kind fail, or write less, or be interrupted

Whatever happens: the command ends by itself, by no signal, with a message and an exit code of its
table; what it acknowledged is there, what it did not is not, and the store can be opened again
once the disk is well. CONFREG is the program. CONFREG_TEST_LONG=1 takes every size, page and call
in place of some.
"""
import concurrent.futures
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PROGRAM = os.environ.get("CONFREG", "confreg")
LONG = os.environ.get("CONFREG_TEST_LONG") == "1"
AT_ONCE = 6
TIMEOUT = 60
PAGE = 4096
VALUES = 60
BODY = ('{"name": "x"{% for n in range(40) %}, "k{{ n }}": "{{ n }} of {{ instancedn }}"'
        '{% endfor %}}')


class Run:
    def __init__(self, folder, *words, limit=None, strace=None):
        def prepare():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            if limit is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        command = [PROGRAM, "--store", "lmdb:" + folder, *words]
        if strace is not None:
            command = ["strace", "-f", "-qq", "-o", os.devnull, *strace, *command]
        started = time.monotonic()
        try:
            done = subprocess.run(command, capture_output=True, timeout=TIMEOUT, check=False,
                                  preexec_fn=prepare, stdin=subprocess.DEVNULL)
            self.code, out, err = done.returncode, done.stdout, done.stderr
        except subprocess.TimeoutExpired as late:
            self.code, out, err = "never ended", late.stdout or b"", late.stderr or b""
        self.words, self.seconds = words, time.monotonic() - started
        self.out, self.err = out.decode(errors="replace"), err.decode(errors="replace")

    def __str__(self):
        return "%s: exit %s: %.300s" % (" ".join(self.words)[:60], self.code, self.err)

    def trouble(self):
        """What no disk may make of a command."""
        if not isinstance(self.code, int) or self.code < 0 or self.code > 10:
            return "ended by %s" % self.code
        if self.code != 0 and not re.search("^confreg: ", self.err, re.M):
            return "no message"
        return None


def fill(folder):
    """A store that is larger than some pages: keys, a template and an instance."""
    body = os.path.join(folder, "..", "body-%s" % os.path.basename(folder))
    with open(body, "w", encoding="utf-8") as file:
        file.write(BODY)
    for words in ([("template", "register", "t", "1", "--file", body)] +
                  [("instance", "create", "u", "t", "1")] * 2 +
                  [("kv", "put", "site/%d" % n, "value %d " % n * 40) for n in range(VALUES // 10)]):
        made = Run(folder, *words, "-q")
        assert made.code == 0, made


def all_at_once(cases, run):
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(run, cases))
    failed = [result for result in results if result]
    for result in failed[:20]:
        print(result)
    print("%s: %d cases, %d failed" % (sys.argv[1], len(cases), len(failed)))
    return 1 if failed else 0


def copy_of(model, place):
    folder = tempfile.mkdtemp(dir=place)
    shutil.copytree(model, folder, dirs_exist_ok=True)
    return folder


def judge_after(folder, before, result, counted):
    """`counted` instances were there; one more if the command said so."""
    listed = Run(folder, "instance", "list", "-o", "name")
    count = len(listed.out.split())
    told = listed.trouble() or Run(folder, "store", "fsck").trouble()
    if listed.code != 0 or told:
        return "afterwards: %s" % listed
    wanted = {0: (counted + 1,), 6: (counted, counted + 1)}.get(result.code, (counted,))
    if count not in wanted:
        return "%s, and there are %d instances, not %s" % (before, count, wanted)
    checked = Run(folder, "store", "fsck")
    return None if checked.code == 0 else "fsck afterwards: %s" % checked


# ---- full ------------------------------------------------------------------------------------


def full(place, model):
    size = os.path.getsize(os.path.join(model, "data.mdb"))
    steps = list(range(0, size + 40 * PAGE, PAGE // 4 if LONG else 6 * PAGE))

    def one(limit):
        folder = copy_of(model, place)
        result = Run(folder, "instance", "create", "u", "t", "1", "-q", limit=limit)
        told = result.trouble() or judge_after(folder, str(result), result, 2)
        shutil.rmtree(folder)
        return told and "%d bytes: %s\n    %s" % (limit, told, result)

    return all_at_once(steps, one)


# ---- damage -------------------------------------------------------------------------------------


def zero(data, at, _):
    data[at:at + PAGE] = bytes(PAGE)


def turn_over(data, at, _):
    data[at:at + PAGE] = bytes(255 - byte for byte in data[at:at + PAGE])


def shuffle(data, at, chance):
    data[at:at + PAGE] = bytes(chance.randrange(256) for _ in range(PAGE))


def flip(data, at, chance):
    data[at + chance.randrange(min(PAGE, len(data) - at))] ^= 1 << chance.randrange(8)


def cut(data, at, _):
    del data[at:]


def swap(data, at, chance):
    other = chance.randrange(len(data) // PAGE) * PAGE
    data[at:at + PAGE], data[other:other + PAGE] = data[other:other + PAGE], data[at:at + PAGE]


COMMANDS = [("instance", "list", "-o", "name"), ("kv", "export"), ("store", "fsck"),
            ("store", "check", "--quick"), ("kv", "put", "new", "value", "-q")]


def damage(place, model):
    size = os.path.getsize(os.path.join(model, "data.mdb"))
    kinds = [zero, turn_over, shuffle, flip, cut, swap]
    cases = [(kind, at) for at in range(0, size, PAGE) for kind in kinds]
    if not LONG:
        cases = cases[::7]

    def one(case):
        kind, at = case
        folder = copy_of(model, place)
        file = os.path.join(folder, "data.mdb")
        with open(file, "rb") as opened:
            data = bytearray(opened.read())
        kind(data, at, random.Random(at))
        with open(file, "wb") as opened:
            opened.write(data)
        told = None
        for words in COMMANDS:
            result = Run(folder, *words)
            told = told or (result.trouble() and "page %d, %s: %s\n    %s" % (
                at // PAGE, kind.__name__, result.trouble(), result))
        shutil.rmtree(folder)
        return told

    return all_at_once(cases, one)


# ---- failing calls -----------------------------------------------------------------------------------

SHORT = "short"  # says that one byte was written
CALLS = {
    "pwrite64": ("ENOSPC", "EIO", "EINTR", SHORT), "writev,pwritev": ("ENOSPC", "EIO", SHORT),
    "fdatasync,fsync": ("EIO", "ENOSPC"), "ftruncate": ("ENOSPC", "EIO"),
    "openat": ("EMFILE", "EACCES", "EIO"), "mmap": ("ENOMEM",), "fcntl": ("ENOLCK", "EINTR"),
    "read": ("EIO", "EINTR"), "pread64": ("EIO",), "write": ("ENOSPC", "EPIPE", "EINTR", SHORT),
    "close": ("EIO",), "newfstatat,fstat": ("EIO",), "futex": ("EINTR",), "getrandom": ("EINTR",),
}


def count_calls(folder, words, names, place):
    """How often the command makes them when all is well."""
    log = os.path.join(tempfile.mkdtemp(dir=place), "log")
    subprocess.run(["strace", "-f", "-qq", "-o", log, "-e", "trace=" + names, PROGRAM, "--store",
                    "lmdb:" + folder, *words], capture_output=True, check=False)
    with open(log, encoding="utf-8", errors="replace") as file:
        return sum(1 for line in file if re.match(r"\d+ +\w+\(", line))


def calls(place, model):
    words = ("instance", "create", "u", "t", "1", "-o", "name")
    cases = []
    for names, errors in CALLS.items():
        # The loader's own calls: before main() nothing of ours can answer.
        early = count_calls(model, ("--version",), names, place)
        count = count_calls(copy_of(model, place), words, names, place)
        cases += [(names, error, number) for number in range(early + 1, count + 1)
                  for error in errors]
    if not LONG:
        cases = cases[::4]

    def one(case):
        names, error, number = case
        folder = copy_of(model, place)
        what = "retval=1" if error == SHORT else "error=" + error
        inject = ["-e", "trace=none", "-e", "inject=%s:%s:when=%d" % (names, what, number)]
        result = Run(folder, *words, strace=inject)
        told = result.trouble() or judge_after(folder, str(result), result, 2)
        shutil.rmtree(folder)
        return told and "%s number %d fails with %s: %s\n    %s" % (names, number, error, told, result)

    return all_at_once(cases, one)


def main():
    part = {"full": full, "damage": damage, "calls": calls}[sys.argv[1]]
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as place:
        model = os.path.join(place, "model")
        os.mkdir(model)
        fill(model)
        return part(place, model)


if __name__ == "__main__":
    sys.exit(main())
