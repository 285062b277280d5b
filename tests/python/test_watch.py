# SPDX-License-Identifier: MIT
"""Watches: iteration, timeouts, cancel, cursors, descriptors and asyncio."""
import asyncio
import select
import threading
import time

import pytest

import confreg
from confreg import EventKind


def test_events_of_a_change(cluster):
    node = cluster.node("slave0")
    with node.watch(timeout=5) as watch:
        node.status = "running"
        node.fresh = "1"
        del node.fresh
        event = next(watch)
        assert (event.kind, event.path, event.value, event.old_value) == \
            (EventKind.PUT, "status", "running", "pending")
        assert event.kind == "put" and not event.was_absent and event.dn == node.dn
    assert watch.closed
    with pytest.raises(confreg.UsageError, match="closed"):
        watch.next(0)
    assert list(watch) == []


def test_nothing_happens(cluster):
    watch = cluster.watch(timeout=0.1)
    begin = time.monotonic()
    assert list(watch) == [] and watch.next(0) is None and watch.next(timeout=0.05) is None
    assert time.monotonic() - begin < 5
    cluster.status = "x"
    assert watch.next(30).value == "x"
    with pytest.raises(ValueError):
        watch.next(-1)
    with pytest.raises(ValueError):
        cluster.watch(timeout=float("nan"))


def test_a_change_wakes_the_wait(cluster):
    with cluster.watch() as watch:
        threading.Timer(0.2, lambda: setattr(cluster, "status", "later")).start()
        assert watch.next(20).value == "later"


def test_snapshot_and_removal(reg, cluster):
    with cluster.watch(snapshot=True, timeout=5) as watch:
        seen = {}
        for event in watch:
            if event.kind == EventKind.SNAPSHOT_END:
                break
            seen[event.path] = event.value
        assert {cluster.dn + "/" + path: value for path, value in seen.items()} == \
            reg.kv.list(cluster.dn)
        cluster.deinstantiate()
        assert [e.kind for e in watch] == [EventKind.REMOVED]
        with pytest.raises(confreg.KeyDoesNotExist):
            watch.next(0)


def test_a_cursor_goes_on(cluster):
    with cluster.watch() as watch:
        cursor = watch.cursor()
    known = {key[len(cluster.dn) + 1:]: value
             for key, value in cluster.registry.kv.list(cluster.dn).items()}
    cluster.status = "meanwhile"
    with cluster.watch(cursor=cursor, known=known, timeout=1) as watch:
        assert [(e.kind, e.path) for e in watch] == [("put", "status")]
    with pytest.raises(confreg.InvalidError):
        cluster.watch(cursor="nonsense")
    for known in (1, {"a": None}, {1: "a"}):
        with pytest.raises(TypeError):
            cluster.watch(cursor=cursor, known=known)


def test_instances_come_and_go(reg):
    with reg.watch_instances("jlopez", timeout=5) as watch:
        made = reg.instantiate("jlopez", "web", "1.0")
        reg.instantiate("ana", "web", "1.0")
        assert next(watch) [:2] == (EventKind.CREATED, made.dn)
        made.deinstantiate()
        assert next(watch)[:2] == (EventKind.REMOVED, made.dn)
    with pytest.raises(ValueError):
        reg.watch_instances(None, "web")


def test_keys(reg):
    with reg.kv.watch("x", timeout=5) as watch:
        reg.kv.put("xy", "0")
        reg.kv.put("x/y", "1")
        event = next(watch)
        assert (event.path, event.value, event.dn, event.was_absent) == ("x/y", "1", "", True)


def test_cancel_from_another_thread(cluster):
    watch = cluster.watch()
    threading.Timer(0.2, watch.cancel).start()
    begin = time.monotonic()
    assert list(watch) == [] and watch.cancelled
    assert time.monotonic() - begin < 3
    with pytest.raises(confreg.CancelledError):
        watch.next()


def test_closing_the_registry_ends_its_watches(url):
    reg = confreg.open(url)
    watch = reg.kv.watch()
    threading.Timer(0.2, reg.close).start()
    assert list(watch) == []
    watch.close()


def test_close_while_another_thread_waits(cluster):
    watch = cluster.watch()
    threading.Timer(0.2, watch.close).start()
    assert list(watch) == [] and watch.closed


def test_one_thread_at_a_time(cluster):
    watch = cluster.watch()
    waiter = threading.Thread(target=lambda: list(watch))
    waiter.start()
    time.sleep(0.2)
    with pytest.raises(confreg.UsageError, match="another thread"):
        watch.next(0)
    watch.cancel()
    waiter.join(10)
    assert not waiter.is_alive()


def test_the_descriptor(cluster):
    with cluster.watch() as watch:
        descriptor = watch.fileno()
        assert descriptor == watch.fileno()
        assert select.select([watch], [], [], 0)[0] == []
        cluster.status = "seen"
        assert select.select([watch], [], [], 10)[0] == [watch]
        assert watch.next(0).value == "seen"


def test_asyncio(cluster):
    async def follow():
        seen = []
        watch = cluster.watch(timeout=5)
        asyncio.get_running_loop().call_later(0.1, setattr, cluster, "status", "one")
        async for event in watch:
            seen.append((event.kind, event.value))
            if event.kind == "put":  # not before: what lies between two looks is told as one
                cluster.deinstantiate()
        watch.close()
        return seen
    seen = asyncio.run(follow())
    assert seen == [("put", "one"), ("removed", None)]


def test_asyncio_timeout_and_cancel(cluster):
    async def follow():
        assert [e async for e in cluster.watch(timeout=0.1)] == []
        watch = cluster.watch()
        asyncio.get_running_loop().call_later(0.1, watch.cancel)
        assert [e async for e in watch] == []
        task = asyncio.ensure_future(cluster.watch().__aiter__().__anext__())
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    asyncio.run(follow())
