# SPDX-License-Identifier: MIT
"""The Python package by store, beside each server's own client, and renders beside python3-jinja2.

Figures are microseconds a call: the median of up to 25 rounds, in turns with the peer, and the median
of each round's ratio, so that what else the machine does counts little; a server has made and
removed some instances before, so that its first time at something does not count at all. What takes
seconds is done three times. The peers
(python3-consul, python3-etcd3, python3-kazoo) do the same work on the same server and the same
keys: one read, one write, everything below one node, and the keys of an instance written one after
the other, as the original did (etcd and ZooKeeper in transactions as large as the client's server
takes). What is not installed is named and left out.
"""
import argparse
import importlib
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent))
import turns  # noqa: E402

HADOOP = ROOT / "examples" / "hadoop"
ROUNDS = 25
ENOUGH = 5.0  # seconds after which no further round begins
WARM_UP = 10
SIZES = [2, 20, 200]
PEER_SLAVES = 20  # beyond, a request a key takes minutes


def in_turns(*works):
    """Microseconds of each work(round), a list a work, in turns."""
    rounds = [[] for _ in works]
    began = time.perf_counter()
    for number in range(ROUNDS):
        if number >= 3 and time.perf_counter() - began > ENOUGH:
            break
        for index in list(range(len(works)))[::1 if number % 2 == 0 else -1]:
            begin = time.perf_counter()
            works[index](number)
            rounds[index].append((time.perf_counter() - begin) * 1e6)
    return rounds


def measure(*works, seconds=0.5):
    """Microseconds a call of each of `works`, in turns, a round as many calls as fit."""
    calls = []
    for work in works:
        begin = time.perf_counter()
        work()
        once = max(time.perf_counter() - begin, 1e-7)
        calls.append(max(1, int(seconds / ROUNDS / once)))

    def several(work, count):
        def run(_):
            for _ in range(count):
                work()
        return run

    rounds = in_turns(*map(several, works, calls))
    return [[took / count for took in times] for times, count in zip(rounds, calls)]


# ---- the peers: get, put, list and write_all over one connection ------------------------------

class Consul:
    name, module = "python3-consul", "consul"

    def __init__(self, service):
        host, _, port = service.url.partition("://")[2].partition("/")[0].partition(":")
        self.kv = importlib.import_module("consul").Consul(host=host, port=int(port)).kv

    def get(self, key):
        return self.kv.get(key)[1]["Value"]

    def put(self, key, value):
        self.kv.put(key, value)

    def list(self, prefix):
        return self.kv.get(prefix, recurse=True)[1]

    def write_all(self, pairs):
        for key, value in pairs.items():
            self.put(key, value)

    def close(self):
        """Every call has a connection of its own."""


class Etcd:
    name, module = "python3-etcd3", "etcd3"
    limit = 128  # operations of one transaction, the server's default

    def __init__(self, service):
        host, _, port = service.url.partition("://")[2].partition("/")[0].partition(":")
        self.client = importlib.import_module("etcd3").client(host=host, port=int(port))

    def get(self, key):
        return self.client.get(key)[0]

    def put(self, key, value):
        self.client.put(key, value)

    def list(self, prefix):
        return list(self.client.get_prefix(prefix))

    def write_all(self, pairs):
        items = list(pairs.items())
        for at in range(0, len(items), self.limit):
            puts = [self.client.transactions.put(k, v) for k, v in items[at:at + self.limit]]
            self.client.transaction(compare=[], success=puts, failure=[])

    def close(self):
        self.client.close()


class ZooKeeper:
    name, module = "python3-kazoo", "kazoo"
    limit = 500

    def __init__(self, service):
        host = service.url.partition("://")[2].partition("/")[0]
        self.client = importlib.import_module("kazoo.client").KazooClient(hosts=host)
        self.client.start()

    def get(self, key):
        return self.client.get("/" + key)[0]

    def put(self, key, value):
        self.client.set("/" + key, value.encode())

    def list(self, prefix):
        found = {}
        for child in self.client.get_children("/" + prefix):
            path = prefix + "/" + child
            found[path] = self.get(path)
            found.update(self.list(path))
        return found

    def write_all(self, pairs):
        # Parents first: a transaction does not make them by itself.
        paths = {}
        for key, value in pairs.items():
            segments = key.split("/")
            for i in range(1, len(segments)):
                paths.setdefault("/" + "/".join(segments[:i]), b"")
            paths["/" + key] = value.encode()
        items = list(paths.items())
        for at in range(0, len(items), self.limit):
            transaction = self.client.transaction()
            for path, value in items[at:at + self.limit]:
                transaction.create(path, value)
            failed = [r for r in transaction.commit() if isinstance(r, Exception)]
            if failed:
                raise failed[0]

    def close(self):
        self.client.stop()


PEERS = {"consul": Consul, "etcd": Etcd, "zookeeper": ZooKeeper}


# ---- the rows ---------------------------------------------------------------------------------

def instantiate(reg, size):
    return reg.instantiate("bench", "hadoop", "1.0", {"slaves.number": size})


def start(reg, is_server):
    reg.register("hadoop", "1.0", (HADOOP / "template.json").read_text(encoding="utf-8"),
                 (HADOOP / "options.json").read_text(encoding="utf-8"))
    for _ in range(WARM_UP if is_server else 0):  # a Java server translates itself as it runs
        instantiate(reg, 20).deinstantiate()


def instantiates(reg, peer, sizes):
    """name -> microseconds a round, ours and the peer's."""
    rows = {}
    for size in sizes:
        values = reg.instantiate("bench", "hadoop", "1.0", {"slaves.number": size},
                                 dry_run=True).values
        works = [lambda _, s=size: instantiate(reg, s)]
        if peer is not None and size <= PEER_SLAVES:
            copies = [{"peer%d-%d-%s" % (size, i, k): v for k, v in values.items()}
                      for i in range(ROUNDS)]
            works.append(lambda i, c=copies: peer.write_all(c[i]))
        rows["instantiate %d (%d keys)" % (size, len(values))] = in_turns(*works)
    return rows


def properties(reg, peer, slaves):
    cluster = instantiate(reg, slaves)
    node = cluster.nodes[0]
    key, below = node.dn + "/status", node.dn
    node.status = "running"
    get, put = lambda: peer.get(key), lambda: peer.put(key, "running")
    works = {"attribute get": (lambda: node.status, get),
             "attribute set": (lambda: setattr(node, "status", "running"), put),
             "cluster.nodes (%d)" % len(cluster.nodes): (lambda: cluster.nodes,),
             "kv.get": (lambda: reg.kv.get(key), get),
             "kv.put": (lambda: reg.kv.put(key, "running"), put),
             "kv.list (%d keys)" % len(reg.kv.list(below)): (lambda: reg.kv.list(below),
                                                             lambda: peer.list(below))}
    return {name: measure(*(row if peer is not None else row[:1]))
            for name, row in works.items()}


def show(title, rows, peer_name=""):
    print("\n%-28s %12s %16s %7s" % (title, "confreg µs", peer_name and peer_name + " µs", ""))
    for name, (ours, *peers) in rows.items():
        other = ["%16.2f %6.2fx" % (statistics.median(theirs), turns.ratio(theirs, ours))
                 for theirs in peers]
        print(" ".join(["%-28s %12.2f" % (name, statistics.median(ours)), *other]))


def peer_of(kind, service):
    try:
        return PEERS[kind](service)
    except ImportError as problem:
        print("  %s is not installed: %s" % (PEERS[kind].name, problem))
        return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--stores", nargs="*", default=["memory", "lmdb", *PEERS])
    options = parser.parse_args()
    path = str(pathlib.Path(options.build).resolve() / "python")
    subprocess.run(["ninja", "-C", options.build, "python/confreg/_native.abi3.so"], check=True,
                   stdout=subprocess.DEVNULL)
    sys.path[:0] = [path, str(ROOT / "tests" / "services")]
    confreg = importlib.import_module("confreg")
    services = importlib.import_module("services")
    for kind in options.stores:
        if kind in PEERS:
            try:
                service = services.start(kind)
            except FileNotFoundError as problem:
                print("\n%s is left out: %s" % (kind, problem))
                continue
            with service, confreg.open(service.url) as reg:
                peer = peer_of(kind, service)
                start(reg, True)
                rows = instantiates(reg, peer, SIZES)
                rows.update(properties(reg, peer, PEER_SLAVES))
                if peer is not None:
                    peer.close()
                show(kind, rows, PEERS[kind].name)
            continue
        with tempfile.TemporaryDirectory() as folder:
            url = "memory:" if kind == "memory" else "lmdb:" + folder
            with confreg.open(url) as reg:
                start(reg, False)
                rows = instantiates(reg, None, SIZES)
                rows.update(properties(reg, None, SIZES[-1]))
                show(kind, rows)
    print(flush=True)
    subprocess.run([sys.executable, HERE / "render.py"], check=True, env={"PYTHONPATH": path})


if __name__ == "__main__":
    main()
