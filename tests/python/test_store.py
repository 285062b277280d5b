# SPDX-License-Identifier: MIT
"""registry.kv: plain keys, versions, transactions, pages and waits."""
import threading
import time

import pytest

import confreg


@pytest.fixture
def kv(url):
    with confreg.open(url) as reg:
        yield reg.kv


def test_get_gives_what_put_wrote(kv):
    for value, text in [("", ""), ("é\0x", "é\0x"), (b"\xff\0", "\udcff\0"), (7, "7"),
                        (True, "True"), (0.1, "0.1")]:
        kv.put("a/b", value)
        assert kv.get("a/b") == text
    kv.put("a/b", "\udcff")
    assert kv.get_bytes("a/b") == b"\xff"


def test_missing_keys(kv):
    with pytest.raises(confreg.KeyDoesNotExist) as caught:
        kv.get("no/such")
    assert isinstance(caught.value, LookupError) and "no/such" in caught.value.message
    assert kv.get("no/such", None) is None
    assert kv.get_bytes("no/such", default=b"") == b""
    kv.delete("no/such")


@pytest.mark.parametrize("value", [None, [], {}, object(), ("a",)])
def test_values_that_have_no_text_are_refused(kv, value):
    with pytest.raises(confreg.UnsupportedTypeError):
        kv.put("a", value)
    assert kv.get("a", None) is None


@pytest.mark.parametrize("key", ["", "/a", "a//b", "a/../b", "a b"])
def test_keys_that_no_store_holds_are_refused(kv, key):
    with pytest.raises(confreg.InvalidName) as caught:
        kv.put(key, "x")
    assert isinstance(caught.value, ValueError)


def test_prefixes_are_whole_segments(kv):
    for key in ["p/1/a", "p/1/b/c", "p/10/a", "p/1"]:
        kv.put(key, key)
    assert kv.list("p/1") == {"p/1/a": "p/1/a", "p/1/b/c": "p/1/b/c"}
    assert kv.keys("p", depth=1) == ["p/1", "p/1/", "p/10/"]
    kv.delete("p/1", tree=True)
    assert kv.keys("p") == ["p/10/a"]


def test_pages_come_to_the_whole(kv):
    for i in range(25):
        kv.put("page/k%02d" % i, i)
    after, seen = "", []
    while True:
        page = kv.keys("page", after=after, limit=10)
        if not page:
            break
        assert len(page) <= 10
        seen += page
        after = page[-1]
    assert seen == ["page/k%02d" % i for i in range(25)]
    with pytest.raises(ValueError):
        kv.keys("page", limit=-1)


def test_versions_guard_a_put(kv):
    kv.put("v", "1", expected=None)
    with pytest.raises(confreg.ConflictError):
        kv.put("v", "2", expected=None)
    pair = kv.get_pair("v")
    assert pair.value == "1" and pair.version.present
    kv.put("v", "2", expected=pair.version)
    with pytest.raises(confreg.ConflictError):
        kv.put("v", "3", expected=pair.version)
    with pytest.raises(confreg.ConflictError):
        kv.delete("v", expected=pair.version)
    assert kv.get("v") == "2"
    with pytest.raises(TypeError):
        kv.put("v", "3", expected=1)


def test_a_transaction_happens_or_not(kv):
    with kv.transaction() as t:
        t.check_absent("t/a")
        t.check_empty("t")
        t.put("t/a", "1")
        t.put("t/b", 2)
    with pytest.raises(confreg.ConflictError):
        with kv.transaction() as t:
            t.check_present("t/missing")
            t.delete_tree("t")
    with pytest.raises(ZeroDivisionError):
        with kv.transaction() as t:
            t.delete("t/a")
            raise ZeroDivisionError
    assert kv.list("t") == {"t/a": "1", "t/b": "2"}
    with kv.transaction() as t:
        t.check_version("t/a", kv.get_pair("t/a").version)
        t.delete_tree("t")
    assert kv.list("t") == {}


@pytest.mark.parametrize("checks, operations", [([(9, "a", None)], []), ([], [(9, "a", "")]),
                                                ([("x",)], []), ([], [None]), (None, [])])
def test_malformed_transactions(kv, checks, operations):
    with pytest.raises((TypeError, ValueError)):
        kv.apply(checks, operations)


def test_read_is_one_moment(kv):
    kv.put("r/a", "1")
    kv.put("r/b/c", "2")
    snapshot = kv.read(["r/a", "r/missing"], ["r/b"])
    assert snapshot.values == {"r/a": "1", "r/b/c": "2"}
    assert kv.read().values == {}


def test_wait_sees_a_change_and_the_end_of_time(kv):
    kv.put("w/a", "1")
    revision = kv.read(prefixes=["w"]).revision
    begin = time.monotonic()
    assert not kv.wait("w", revision, timeout=0.3).changed
    assert time.monotonic() - begin >= 0.25
    threading.Timer(0.2, kv.put, ("w/b", "2")).start()
    waited = kv.wait("w", revision, timeout=20)
    assert waited.changed and kv.get("w/b") == "2"
    with pytest.raises(ValueError):
        kv.wait("w", revision, timeout=-1)


def test_facts(kv, reg):
    assert kv.info()["driver"] == reg.driver
    assert kv.limits().key_bytes > 0
    assert isinstance(kv.capabilities, frozenset)
    assert ("atomic-batch" in kv.capabilities) == (reg.driver in ("memory", "lmdb"))
    assert ("same-value-is-no-change" in kv.capabilities) == (reg.driver == "consul")
    assert ("deletes-key-by-key" in kv.capabilities) == (reg.driver == "zookeeper")
    kv.check()
    assert repr(kv).startswith("<confreg.KV")


def test_read_only_and_no_create(tmp_path):
    path = "lmdb:%s/other" % tmp_path
    with pytest.raises(confreg.KeyDoesNotExist):
        confreg.open(path, create=False)
    confreg.open(path).close()
    with confreg.open(path, read_only=True) as reg:
        with pytest.raises(confreg.PermissionDenied) as caught:
            reg.kv.put("a", "b")
        assert isinstance(caught.value, PermissionError)


def test_a_closed_registry_says_so(url):
    reg = confreg.open(url)
    kv = reg.kv
    reg.close()
    reg.close()
    assert reg.closed and "closed" in repr(reg)
    for call in (lambda: kv.get("a"), lambda: reg.driver, lambda: reg.at("a/b/c/1"),
                 reg.__enter__, lambda: kv.watch()):
        with pytest.raises(confreg.UsageError, match="closed"):
            call()


def test_names():
    assert confreg.escape("a bü") == "a=20b=C3=BC"
    assert confreg.unescape(confreg.escape("a bü")) == "a bü"
    for bad in ("", "..", "a/b"):
        with pytest.raises(confreg.InvalidName):
            confreg.escape(bad)
    with pytest.raises(confreg.InvalidName):
        confreg.unescape("a=zz")
    with pytest.raises(TypeError):
        confreg.escape(1)
