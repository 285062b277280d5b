# SPDX-License-Identifier: MIT
"""The command before servers that lie, stall and break off: run.py PROTOCOL [NAME...]

PROTOCOL is consul, etcd or zookeeper; a NAME is part of a behaviour's name, all run without.
CONFREG is the program. CONFREG_TEST_LONG=1 adds the slow ones and closes at every byte;
CONFREG_SANITIZED=1 leaves out the measure of memory.
"""
import asyncio
import sys

import hostile


def load(protocol):
    if protocol == "consul":
        import consul
        return consul.ROWS + consul.cut_rows(), consul.Consul
    if protocol == "etcd":
        import etcd
        return etcd.ROWS + etcd.cut_rows(), etcd.Etcd
    import zookeeper
    return zookeeper.ROWS + zookeeper.cut_rows(), zookeeper.ZooKeeper


def main():
    protocol, names = sys.argv[1], sys.argv[2:]
    rows, server = load(protocol)
    rows = [row for row in rows if hostile.LONG or not row.is_long]
    if names:
        rows = [row for row in rows if any(name in row.name for name in names)]
    return 1 if asyncio.run(hostile.all_of(protocol, rows, server)) else 0


if __name__ == "__main__":
    sys.exit(main())
