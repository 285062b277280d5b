# SPDX-License-Identifier: MIT
"""One registry, 16 threads, 2,000 operations each; and its end while they work."""
import os
import sys
import threading

import confreg
from conftest import SERVER

THREADS = 16
LONG = bool(os.environ.get("CONFREG_TEST_LONG"))
OPERATIONS = 2000 if LONG or not SERVER else 100
# A commit of LMDB waits for the disk, so most operations read and every 20th writes.
EVERY = 2 if LONG and not SERVER else 20


def run_all(work, count=THREADS):
    problems = []

    def guarded(number):
        try:
            work(number)
        except BaseException as problem:  # pylint: disable=broad-except
            problems.append(problem)
    threads = [threading.Thread(target=guarded, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(240 if not LONG else 1200)
    assert not any(thread.is_alive() for thread in threads)
    assert problems == []


def test_sixteen_threads_share_a_handle(cluster):
    def work(number):
        node = cluster.node("slave%d" % (number % 3))
        mine = "mine%d" % number
        setattr(node, mine, "0")
        for i in range(OPERATIONS):
            if i % EVERY == 0:
                setattr(node, mine, i)
                last = str(i)
                cluster.increment("total")
            elif i % 3 == 0:
                assert node.get(mine) == last
            elif i % 3 == 1:
                assert node.host == "h%d" % (number % 3)
            else:
                assert not hasattr(node, "missing") if i % 50 == 2 else node.get_int("cpu") == 2
    run_all(work)
    writes = (OPERATIONS + EVERY - 1) // EVERY
    assert cluster.get_int("total") == THREADS * writes


def test_close_under_load(shared_url):
    for _ in range(10):
        reg = confreg.open(shared_url)
        reg.kv.put("a", "b")
        started = threading.Barrier(9)

        def work(number):
            started.wait()
            if number == 8:
                reg.close()
                return
            try:
                while True:
                    assert reg.kv.get("a") == "b"
            except confreg.UsageError:
                pass
        run_all(work, 9)
        assert reg.closed


def test_objects_die_in_any_thread(reg, cluster):
    before = sys.getrefcount(reg)

    def work(number):
        for _ in range(100):
            nodes = cluster.nodes
            nodes.sort()
            assert nodes[0].instance == cluster
    run_all(work)
    assert abs(sys.getrefcount(reg) - before) <= 1
