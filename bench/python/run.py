# SPDX-License-Identifier: MIT
"""The Python package by store, beside each server's own client, and renders beside python3-jinja2.

Figures are microseconds a call: the best of five rounds, so that what else the machine does
counts little, and a server's first time at something does not; what takes over a second is done
once. The peers (python3-consul,
python3-etcd3, python3-kazoo) do the same work on the same server and the same keys: one read, one
write, everything below one node, and the keys of an instance written one after the other, as the
original did (etcd and ZooKeeper in transactions as large as the client's server takes). What is
not installed is named and left out.
"""
import argparse
import importlib
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
HADOOP = ROOT / "examples" / "hadoop"
ROUNDS = 5


def measure(work, seconds=0.3):
    """Microseconds a call, of as many calls as fit into `seconds` in all."""
    begin = time.perf_counter()
    work()
    once = max(time.perf_counter() - begin, 1e-7)
    calls = max(1, int(seconds / ROUNDS / once))
    rounds = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        for _ in range(calls):
            work()
        rounds.append((time.perf_counter() - begin) / calls)
    return min(rounds) * 1e6


def best(work):
    """Microseconds of work(round), and what its last round returned."""
    rounds = []
    while len(rounds) < ROUNDS and (not rounds or rounds[0] < 1):
        begin = time.perf_counter()
        result = work(len(rounds))
        rounds.append(time.perf_counter() - begin)
    return min(rounds) * 1e6, result


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

def ours(reg, sizes):
    """name -> microseconds; the last instance and its plan are what the peer gets to do."""
    reg.register("hadoop", "1.0", (HADOOP / "template.json").read_text(encoding="utf-8"),
                 (HADOOP / "options.json").read_text(encoding="utf-8"))
    rows, plans = {}, {}
    for size in sizes:
        options = {"slaves.number": size}
        plan = reg.instantiate("bench", "hadoop", "1.0", options, dry_run=True)
        took, cluster = best(lambda _, o=options: reg.instantiate("bench", "hadoop", "1.0", o))
        rows["instantiate %d (%d keys)" % (size, len(plan.values))] = took
        plans["instantiate %d (%d keys)" % (size, len(plan.values))] = plan.values
    node = cluster.nodes[0]
    key, below = node.dn + "/status", node.dn
    node.status = "running"
    rows["attribute get"] = measure(lambda: node.status)
    rows["attribute set"] = measure(lambda: setattr(node, "status", "running"))
    rows["cluster.nodes (%d)" % len(cluster.nodes)] = measure(lambda: cluster.nodes)
    rows["kv.get"] = measure(lambda: reg.kv.get(key))
    rows["kv.put"] = measure(lambda: reg.kv.put(key, "running"))
    rows["kv.list (%d keys)" % len(reg.kv.list(below))] = measure(lambda: reg.kv.list(below))
    return rows, plans, key, below


def theirs(kind, service, rows, plans, key, below):
    try:
        peer = PEERS[kind](service)
    except ImportError as problem:
        print("  %s is not installed: %s" % (PEERS[kind].name, problem))
        return {}
    found = {"attribute get": measure(lambda: peer.get(key)),
             "attribute set": measure(lambda: peer.put(key, "running")),
             "kv.get": measure(lambda: peer.get(key)),
             "kv.put": measure(lambda: peer.put(key, "running"))}
    listing = next(name for name in rows if name.startswith("kv.list"))
    found[listing] = measure(lambda: peer.list(below))
    for name, values in plans.items():
        copies = [{"peer%d-%d-%s" % (len(values), i, k): v for k, v in values.items()}
                  for i in range(ROUNDS)]
        found[name] = best(lambda i, c=copies: peer.write_all(c[i]))[0]
    peer.close()
    return found


def show(title, rows, peer_name="", peer=None):
    print("\n%-28s %12s %16s %7s" % (title, "confreg µs", peer_name and peer_name + " µs", ""))
    for name, value in rows.items():
        other = (peer or {}).get(name)
        print("%-28s %12.2f %16s %7s" % (name, value, "" if other is None else "%.2f" % other,
                                         "" if other is None else "%.1fx" % (other / value)))


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
                rows, plans, key, below = ours(reg, [2, 20])
                peer = theirs(kind, service, rows, plans, key, below)
                more, _ = best(lambda _: reg.instantiate("bench", "hadoop", "1.0",
                                                         {"slaves.number": 200}))
                rows["instantiate 200"] = more
                show(kind, rows, PEERS[kind].name, peer)
            continue
        with tempfile.TemporaryDirectory() as folder:
            url = "memory:" if kind == "memory" else "lmdb:" + folder
            with confreg.open(url) as reg:
                show(kind, ours(reg, [2, 20, 200])[0])
    print(flush=True)
    subprocess.run([sys.executable, HERE / "render.py"], check=True, env={"PYTHONPATH": path})


if __name__ == "__main__":
    main()
