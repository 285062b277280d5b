# SPDX-License-Identifier: MIT
"""Real Consul, etcd and ZooKeeper servers for tests: on loopback, free ports, throw-away data.

As a module:

    with services.start("etcd", nodes=3) as service:
        service.url          # what CONFREG_TEST_STORE takes
        service.kill(0)      # kill -9 one server; service.restart(0) brings it back

As a command, to run anything with a server behind it:

    services.py consul [--nodes 3] -- COMMAND [ARGUMENT ...]

The command sees CONFREG_TEST_STORE. Only processes that were started here are ended, each by
its own pid; the data folder goes with them. So they are when the test that started them is
killed: a process of its own waits for that (guard.py).
"""
import argparse
import contextlib
import fcntl
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

START_SECONDS = 60
GUARD = pathlib.Path(__file__).resolve().with_name("guard.py")
TOOLS = pathlib.Path(__file__).resolve().parents[2] / "build-tools"


def find_program(name):
    """The server's binary: from PATH, or from where ./dev unpacks what Debian 12 lacks."""
    for folder in (TOOLS / "usr/bin", TOOLS / "usr/sbin"):
        if (folder / name).exists():
            return str(folder / name)
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError(
            "%s is not installed; `./dev deps test` installs every test server" % name)
    return found


class Ports:
    """Ports of loopback that nobody listens on, ours until close().

    They lie below those that the system gives to outgoing connections: one of them could else be
    in use by the time that a server wants to listen, or to listen again after a restart. Other
    test programs that look for ports at the same time are kept off by locks on files.
    """

    LOWEST = 15000

    def __init__(self, count):
        self.folder = pathlib.Path(tempfile.gettempdir()) / ("confreg-ports-%d" % os.getuid())
        self.folder.mkdir(exist_ok=True)
        self.locks = contextlib.ExitStack()
        self.numbers = []
        while len(self.numbers) < count:
            number = random.randrange(self.LOWEST, self.highest())
            if self.reserve(number):
                self.numbers.append(number)

    @staticmethod
    def highest():
        try:
            limits = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text()
        except OSError:
            limits = "32768"
        lowest_given = int(limits.split()[0])
        return lowest_given if lowest_given > Ports.LOWEST + 1000 else 65536

    def reserve(self, number):
        path = self.folder / str(number)
        lock = open(path, "wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_ours = os.fstat(lock.fileno()).st_nlink > 0  # else its owner has just removed it
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", number))
        except OSError:
            is_ours = False
        if not is_ours:
            lock.close()
            return False
        self.locks.enter_context(lock)
        self.locks.callback(path.unlink, missing_ok=True)  # called before the lock is let go
        return True

    def close(self):
        self.locks.close()


def http_json(url):
    with urllib.request.urlopen(url, timeout=2) as answer:
        return json.loads(answer.read() or b"null")


class Guard:
    """Ends the servers and removes their folder when this process does not get to it."""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            [sys.executable, "-S", "-E", str(GUARD), str(folder)], stdin=subprocess.PIPE,
            start_new_session=True)

    def tell(self, sign, pid):
        self.process.stdin.write(b"%s%d\n" % (sign, pid))
        self.process.stdin.flush()

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def is_stopped(pid):
    """Whether every thread of a process is stopped."""
    for task in pathlib.Path("/proc/%d/task" % pid).iterdir():
        try:
            state = (task / "stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            continue  # it has ended
        if state not in "TtZ":
            return False
    return True


class Service:
    """A started store of one or more servers."""

    ports_each = 0

    def __init__(self, nodes):
        self.nodes = nodes
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="confreg-%s-" % self.name))
        self.reserved = Ports(nodes * self.ports_each)
        ports = self.reserved.numbers
        self.ports = [ports[i * self.ports_each:(i + 1) * self.ports_each] for i in range(nodes)]
        self.processes = [None] * nodes
        self.guard = Guard(self.folder)

    def __enter__(self):
        try:
            for index in range(self.nodes):
                self.launch(index)
            self.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def node_folder(self, index):
        folder = self.folder / str(index)
        folder.mkdir(exist_ok=True)
        return folder

    def launch(self, index):
        command, environment = self.command(index)
        with open(self.folder / ("%d.log" % index), "ab") as log:
            self.processes[index] = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                cwd=self.node_folder(index), env={**os.environ, **environment},
                start_new_session=True)
        self.guard.tell(b"+", self.processes[index].pid)

    def wait_ready(self):
        end = time.monotonic() + START_SECONDS
        last = None
        while time.monotonic() < end:
            for index, process in enumerate(self.processes):
                if process is not None and process.poll() is not None:
                    raise RuntimeError("%s %d ended with %d:\n%s" % (
                        self.name, index, process.returncode, self.log_tail(index)))
            try:
                if self.is_ready():
                    return
            except OSError as problem:
                last = problem
            time.sleep(0.05)
        raise TimeoutError("%s was not ready in %d s (%s):\n%s" % (
            self.name, START_SECONDS, last, self.log_tail(0)))

    def log_tail(self, index):
        text = (self.folder / ("%d.log" % index)).read_text(errors="replace")
        return "\n".join(text.splitlines()[-15:])

    def kill(self, index, how=signal.SIGKILL):
        process = self.processes[index]
        if process is not None:
            process.send_signal(how)
            process.wait()
            self.guard.tell(b"-", process.pid)
            self.processes[index] = None

    def pause(self, index):
        """Stop it. On a busy machine some of its threads go on for a moment: wait for that."""
        pid = self.processes[index].pid
        os.kill(pid, signal.SIGSTOP)
        end = time.monotonic() + 10
        while not is_stopped(pid):
            if time.monotonic() > end:
                raise TimeoutError("%s %d does not stop" % (self.name, index))
            time.sleep(0.001)

    def resume(self, index):
        self.processes[index].send_signal(signal.SIGCONT)

    def restart(self, index):
        self.launch(index)

    def stop(self):
        for process in self.processes:
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
        for process in self.processes:
            if process is not None:
                process.wait()
                self.guard.tell(b"-", process.pid)
        self.guard.end()
        self.reserved.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Consul(Service):
    name = "consul"
    ports_each = 4  # http, server rpc, serf lan, serf wan

    def command(self, index):
        http, rpc, lan, wan = self.ports[index]
        settings = {
            "server": True, "bootstrap_expect": self.nodes, "node_name": "n%d" % index,
            "bind_addr": "127.0.0.1", "data_dir": str(self.node_folder(index) / "data"),
            "ports": {"http": http, "dns": -1, "grpc": -1, "https": -1, "server": rpc,
                      "serf_lan": lan, "serf_wan": wan},
            "retry_join": ["127.0.0.1:%d" % ports[2] for ports in self.ports],
            "retry_interval": "500ms", "disable_update_check": True, "log_level": "warn",
            "performance": {"raft_multiplier": 1}, "session_ttl_min": "1s",
            "limits": {"http_max_conns_per_client": 1000},
        }
        file = self.node_folder(index) / "consul.json"
        file.write_text(json.dumps(settings))
        return [find_program("consul"), "agent", "-config-file", str(file)], {}

    def is_ready(self):
        first = "http://127.0.0.1:%d/v1" % self.ports[0][0]
        if not http_json(first + "/status/leader"):
            return False
        if len(http_json(first + "/status/peers")) < self.nodes:
            return False
        request = urllib.request.Request(first + "/kv/confreg-ready", data=b"1", method="PUT")
        with urllib.request.urlopen(request, timeout=2):
            pass
        request = urllib.request.Request(first + "/kv/confreg-ready", method="DELETE")
        with urllib.request.urlopen(request, timeout=2):
            return True

    def leader(self):
        for ports in self.ports:
            with contextlib.suppress(OSError):
                answer = http_json("http://127.0.0.1:%d/v1/status/leader" % ports[0])
                for index, other in enumerate(self.ports):
                    if answer.endswith(":%d" % other[1]):
                        return index
        return None

    @property
    def url(self):
        return "consul://" + ",".join("127.0.0.1:%d" % ports[0] for ports in self.ports)


class Etcd(Service):
    name = "etcd"
    ports_each = 2  # client, peer

    def command(self, index):
        client, peer = self.ports[index]
        cluster = ",".join("n%d=http://127.0.0.1:%d" % (i, ports[1])
                           for i, ports in enumerate(self.ports))
        return [find_program("etcd"), "--name", "n%d" % index,
                "--data-dir", str(self.node_folder(index) / "data"),
                "--listen-client-urls", "http://127.0.0.1:%d" % client,
                "--advertise-client-urls", "http://127.0.0.1:%d" % client,
                "--listen-peer-urls", "http://127.0.0.1:%d" % peer,
                "--initial-advertise-peer-urls", "http://127.0.0.1:%d" % peer,
                "--initial-cluster", cluster, "--initial-cluster-state", "new",
                "--heartbeat-interval", "50", "--election-timeout", "500",
                "--logger", "zap", "--log-level", "warn"], {}

    def is_ready(self):
        return all(http_json("http://127.0.0.1:%d/health" % ports[0])["health"] == "true"
                   for ports in self.ports)

    def leader(self):
        for index, ports in enumerate(self.ports):
            with contextlib.suppress(OSError):
                url = "http://127.0.0.1:%d/v3/maintenance/status" % ports[0]
                request = urllib.request.Request(url, data=b"{}", method="POST")
                with urllib.request.urlopen(request, timeout=2) as answer:
                    status = json.loads(answer.read())
                if status.get("leader") == status["header"]["member_id"]:
                    return index
        return None

    @property
    def url(self):
        return "etcd://" + ",".join("127.0.0.1:%d" % ports[0] for ports in self.ports)


class ZooKeeper(Service):
    name = "zookeeper"
    ports_each = 3  # client, quorum, election
    heap = "256m"  # 2,000 slaves are 164,091 keys, and take more

    def command(self, index):
        folder = self.node_folder(index)
        (folder / "data").mkdir(exist_ok=True)
        (folder / "data/myid").write_text("%d\n" % (index + 1))
        lines = ["tickTime=500", "initLimit=20", "syncLimit=10", "maxClientCnxns=0",
                 "dataDir=%s" % (folder / "data"), "clientPort=%d" % self.ports[index][0],
                 "clientPortAddress=127.0.0.1", "admin.enableServer=false",
                 "4lw.commands.whitelist=*", "minSessionTimeout=1000"]
        if self.nodes > 1:
            lines += ["server.%d=127.0.0.1:%d:%d" % (i + 1, ports[1], ports[2])
                      for i, ports in enumerate(self.ports)]
        (folder / "zoo.cfg").write_text("\n".join(lines) + "\n")
        (folder / "log4j.properties").write_text(
            "log4j.rootLogger=WARN, C\nlog4j.appender.C=org.apache.log4j.ConsoleAppender\n"
            "log4j.appender.C.layout=org.apache.log4j.SimpleLayout\n")
        jars = [str(jar) for jar in sorted(pathlib.Path("/usr/share/java").glob("*.jar"))]
        tools = TOOLS / "usr/share/java"
        if tools.is_dir():
            jars = [str(jar) for jar in sorted(tools.glob("*.jar"))] + jars
        return [find_program("java"), "-Xmx" + self.heap, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                "-cp", ":".join([str(folder)] + jars),
                "org.apache.zookeeper.server.quorum.QuorumPeerMain",
                str(folder / "zoo.cfg")], {}

    @staticmethod
    def four_letters(port, word):
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(word)
            answer = b""
            while True:
                piece = connection.recv(4096)
                if not piece:
                    return answer.decode(errors="replace")
                answer += piece

    def is_ready(self):
        return all("Mode:" in self.four_letters(ports[0], b"srvr") for ports in self.ports)

    def leader(self):
        for index, ports in enumerate(self.ports):
            with contextlib.suppress(OSError):
                if "Mode: leader" in self.four_letters(ports[0], b"srvr"):
                    return index
        return None

    @property
    def url(self):
        return "zookeeper://" + ",".join("127.0.0.1:%d" % ports[0] for ports in self.ports)


KINDS = {kind.name: kind for kind in (Consul, Etcd, ZooKeeper)}


def start(name, nodes=1):
    """A service that is not started yet: use it with `with`."""
    return KINDS[name](nodes)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("--nodes", type=int, default=1)
    words = sys.argv[1:]
    if "--" not in words or words[-1] == "--":
        parser.error("name a command behind --")
    command = words[words.index("--") + 1:]
    options = parser.parse_args(words[:words.index("--")])
    with start(options.kind, options.nodes) as service:
        return subprocess.run(command, env={**os.environ, "CONFREG_TEST_STORE": service.url}).returncode


if __name__ == "__main__":
    sys.exit(main())
