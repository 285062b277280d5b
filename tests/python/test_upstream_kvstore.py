# SPDX-License-Identifier: MIT
"""The original's key/value client: every call, and its long polls, on every store."""
import threading
import time

import pytest

import confreg
import kvstore
from upstream_support import store, store_url  # noqa: F401


@pytest.fixture
def kv(store):
    return store._kv


def test_set_and_get(kv):
    kv.set("a/b", "x")
    kv.set("/a/n", 5)
    assert kv.get("a/b") == kv.get("/a/b") == "x"
    assert kv.get("a/n") == "5"
    kv.set("a/b", "")
    assert kv.get("a/b") == ""


def test_missing(kv):
    for call in (kv.get, kv.recurse):
        with pytest.raises(kvstore.KeyDoesNotExist) as caught:
            call("no/such")
        assert caught.value.message == "Key no/such does not exist"


def test_recurse_is_flat(kv):
    kv.set("a/b/c", 1)
    kv.set("a/b", 2)
    kv.set("a/bb", 3)
    assert kv.recurse("a/b") == {"a/b": "2", "a/b/c": "1"}
    assert kv.recurse("a") == {"a/b": "2", "a/b/c": "1", "a/bb": "3"}


def test_delete(kv):
    for key in ("d/1", "d/1/x", "d/10"):
        kv.set(key, "")
    kv.delete("d/1")
    assert set(kv.recurse("d")) == {"d/1/x", "d/10"}
    kv.delete("d/1", recursive=True)
    assert set(kv.recurse("d")) == {"d/10"}
    kv.delete("d/none")
    kv.delete("d/none", recursive=True)


@pytest.mark.parametrize("key", ["a b", "q?x", "h#x", "p%41", "dots/../x", "eq=x", "ñ", "a,b",
                                 "=2F", "100%", "a=2fb"])
def test_any_character(kv, key):
    kv.set("k/" + key, "here")
    assert kv.get("k/" + key) == "here"
    assert list(kv.recurse("k").values()) == ["here"]
    again = next(iter(kv.recurse("k")))
    assert kv.get(again) == "here", "a key that was listed can be read"
    kv.delete("k/" + key)
    with pytest.raises(kvstore.KeyDoesNotExist):
        kv.recurse("k")


def test_index_is_text_and_grows(kv):
    before = kv.index("i")
    assert isinstance(before, str)
    kv.set("i", 1)
    assert int(kv.index("i")) > int(before)
    assert isinstance(kv.index("i", recursive=True), str)


def later(delay, call, *args):
    timer = threading.Timer(delay, call, args)
    timer.start()
    return timer


def test_get_waits_for_a_change(kv):
    kv.set("w", "old")
    index = kv.index("w")
    began = time.monotonic()
    timer = later(0.2, kv.set, "w", "new")
    assert kv.get("w", wait=True, wait_index=index, timeout="20s") == "new"
    assert 0.1 < time.monotonic() - began < 15
    timer.join()


def test_get_returns_at_once_when_it_changed_before(kv):
    index = kv.index("w")
    kv.set("w", "new")
    began = time.monotonic()
    assert kv.get("w", wait=True, wait_index=index, timeout="20s") == "new"
    assert time.monotonic() - began < 15


def test_a_neighbour_does_not_end_the_wait(kv):
    kv.set("n/a", "1")
    index = kv.index("n/a")
    timers = [later(0.1, kv.set, "n/b", "x"), later(0.5, kv.set, "n/a", "2")]
    assert kv.get("n/a", wait=True, wait_index=index, timeout="20s") == "2"
    for timer in timers:
        timer.join()


def test_wait_ends_after_its_timeout(kv):
    kv.set("w", "old")
    index = kv.index("w")
    began = time.monotonic()
    assert kv.get("w", wait=True, wait_index=index, timeout="300ms") == "old"
    assert 0.25 < time.monotonic() - began < 10


def test_recurse_waits(kv):
    kv.set("tree/a", "1")
    timer = later(0.3, kv.set, "tree/b", "2")
    assert kv.recurse("tree", wait=True, timeout="20s") == {"tree/a": "1", "tree/b": "2"}
    timer.join()


def test_bad_duration(kv):
    with pytest.raises(ValueError, match="10s"):
        kv.get("w", wait=True, wait_index="1", timeout="soon")


def test_store_errors_have_one_base(tmp_path):
    client = kvstore.Client("consul://127.0.0.1:1")
    with pytest.raises(kvstore.KVStoreError):
        client.get("a")
    assert issubclass(confreg.StoreUnreachable, kvstore.KVStoreError)
    assert not issubclass(kvstore.KeyDoesNotExist, kvstore.KVStoreError)


def test_bytes_and_long_values(kv):
    kv.set("b", b"raw")
    assert kv.get("b") == "raw"
    kv.set("long", "x" * 400000)
    assert len(kv.get("long")) == 400000


def test_one_connection_serves_threads(kv):
    def work(number):
        for i in range(25):
            kv.set(f"t/{number}/{i}", i)
    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kv.recurse("t")) == 200


def test_threads_that_come_first_together_share_one_store():
    for _ in range(50):
        kv = kvstore.Client("memory:")
        gate = threading.Barrier(8)
        def work(number, kv=kv, gate=gate):
            gate.wait()
            kv.set(f"t/{number}", number)
        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(kv.recurse("t")) == 8


def test_deleting_an_instance_by_its_keys_takes_its_record(store):
    store.register("t", "1", "", '{"a": 1}', "")
    made = store.instantiate("u", "t", "1")
    other = store.instantiate("u", "t", "1")
    store._kv.delete(made.dn, recursive=True)
    assert store.query_clusters() == [other]
    store._kv.delete("instances/u", recursive=True)
    assert store.query_clusters() is None
