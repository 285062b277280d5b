# SPDX-License-Identifier: MIT
"""A handle that came through fork() says so; the child opens its own; the parent goes on."""
import os
import traceback

import confreg

CHILDREN = 100


def child(reg, cluster, watch, url):
    for call in (lambda: cluster.status, lambda: setattr(cluster, "status", "x"),
                 lambda: reg.kv.put("a", "b"), lambda: watch.next(0)):
        try:
            call()
            return 1
        except confreg.ForkedError as error:
            assert "fork" in error.message
    with confreg.open(url) as own:
        assert own.instance(cluster.dn).status == "new"
        own.instance(cluster.dn).increment("children")
    return 0


def run_child(*args):
    pid = os.fork()
    if pid:
        return pid
    status = 3
    try:
        status = child(*args)
        for thing in args:  # their ends must not hurt either
            getattr(thing, "close", lambda: None)()
    except BaseException:  # pylint: disable=broad-except
        traceback.print_exc()
    finally:
        os._exit(status)


def test_a_hundred_children(shared_url):
    from conftest import BODY, OPTIONS
    is_short = os.environ.get("CONFREG_TEST_STORE") and not os.environ.get("CONFREG_TEST_LONG")
    count = 10 if is_short else CHILDREN
    with confreg.open(shared_url) as reg:
        reg.register("web", "1.0", BODY, OPTIONS)
        cluster = reg.instantiate("jlopez", "web", "1.0")
        with cluster.watch() as watch:
            watch.fileno()  # with its thread
            pids = [run_child(reg, cluster, watch, shared_url) for _ in range(count)]
            results = [os.waitpid(pid, 0)[1] for pid in pids]
        assert results == [0] * count
        assert cluster.get_int("children") == count
        cluster.status = "parent"
        assert cluster.status == "parent"
