# SPDX-License-Identifier: MIT
"""Service templates and instances through the Registry."""
import copy
import json
import pickle

import pytest

import confreg
from conftest import BODY, OPTIONS


def test_register_reads_back(reg):
    stored = reg.template("web", "1.0")
    assert stored.body == BODY and json.loads(stored.options) == OPTIONS
    again = reg.register("web", "1.1", BODY, json.dumps(OPTIONS), description="D", logo_url="L")
    assert (again.description, again.logo_url) == ("D", "L")
    assert [t.version for t in reg.templates("web")] == ["1.0", "1.1"]
    assert reg.templates("none") == []
    with pytest.raises(confreg.AlreadyExists):
        reg.register("web", "1.0", BODY, OPTIONS)
    reg.register("web", "1.0", BODY, OPTIONS, replace=True)


def test_a_broken_body_is_told_with_its_place(reg):
    with pytest.raises(confreg.TemplateSyntaxError) as caught:
        reg.register("bad", "1", '{\n  "a": {{ opts.x }\n}')
    error = caught.value
    assert isinstance(error, confreg.TemplateError) and isinstance(error, ValueError)
    assert error.line == 2 and error.column > 0 and "opts.x" in error.snippet
    assert error.status == "TEMPLATE_SYNTAX" and error.retry == "no"


def test_broken_options(reg):
    for options in ("{", {"unknown group": {}}, [1]):
        with pytest.raises(confreg.InvalidOptionsError):
            reg.register("bad", "1", "{}", options)
    with pytest.raises(confreg.UnsupportedTemplateFormatError):
        reg.register("bad", "1", "{}", {}, type="xml")


def test_options_and_lint(reg):
    described = {o.name: o for o in reg.options("web", "1.0")}
    assert described["slaves"].value == 3 and described["slaves"].type == "integer"
    assert described["cpu"].description == "Processors of each"
    assert reg.lint(BODY, OPTIONS) == []
    findings = reg.lint('{"a": {{ opts.nobody }}}', OPTIONS)
    assert findings and findings[0].is_error and findings[0].line == 1


def test_deregister_names_what_stays(reg, cluster):
    assert reg.deregister("web", "1.0") == [cluster.dn]
    with pytest.raises(confreg.KeyDoesNotExist):
        reg.template("web", "1.0")
    assert cluster.status == "new"


def test_instantiate_and_find(reg):
    first = reg.instantiate("jlopez", "web", "1.0", {"slaves": 2})
    second = reg.instantiate("jlopez", "web", "1.0", {"slaves": "1"})
    other = reg.instantiate("ana", "web", "1.0")
    assert [str(c) for c in (first, second)] == ["instances/jlopez/web/1.0/1",
                                                 "instances/jlopez/web/1.0/2"]
    assert reg.instances("jlopez") == [first, second] and reg.instances() == [other, first, second]
    assert [r.id for r in reg.query("jlopez", "web", "1.0")] == ["1", "2"]
    assert reg.query("nobody") == []
    assert reg.instance("jlopez/web/1.0/2") == second
    record = first.record()
    assert (record.user, record.name, record.version, record.id) == ("jlopez", "web", "1.0", "1")
    assert json.loads(record.options) == {"slaves": 2} and record.key_count > 10


def test_options_of_an_instance_are_checked(reg):
    with pytest.raises(confreg.InvalidOptionsError) as caught:
        reg.instantiate("jlopez", "web", "1.0", {"slave": 2})
    assert "slaves" in caught.value.message + caught.value.hint
    with pytest.raises(confreg.KeyDoesNotExist):
        reg.instantiate("jlopez", "wep", "1.0")
    with pytest.raises(TypeError):
        reg.instantiate("jlopez", "web", "1.0", {"slaves": object()})
    assert reg.query() == []


def test_dry_run_writes_nothing(reg):
    before = reg.kv.list()
    plan = reg.instantiate("jlopez", "web", "1.0", {"slaves": 1}, dry_run=True)
    assert reg.kv.list() == before
    assert plan.values[plan.record.dn + "/nodes/slave0/cpu"] == "2"


def test_a_request_is_done_once(reg):
    first = reg.instantiate("jlopez", "web", "1.0", request_id="order-1")
    assert reg.instantiate("jlopez", "web", "1.0", request_id="order-1") == first
    assert reg.requested("order-1") == first and len(reg.query()) == 1
    with pytest.raises(confreg.KeyDoesNotExist):
        reg.requested("order-2")


def test_progress_is_told_and_stops(reg):
    told = []
    reg.instantiate("jlopez", "web", "1.0", progress=lambda done, total: told.append((done, total)))
    assert told and told[-1][0] == told[-1][1] > 0

    def refuse(done, total):
        raise ZeroDivisionError("enough")
    with pytest.raises(ZeroDivisionError):
        reg.instantiate("ana", "web", "1.0", progress=refuse)


def test_deinstantiate(reg):
    made = [reg.instantiate("jlopez", "web", "1.0", {"slaves": 1}) for _ in range(3)]
    reg.deinstantiate(made[0].dn)
    with pytest.raises(confreg.KeyDoesNotExist):
        reg.deinstantiate(made[0].dn)
    with pytest.raises(confreg.ConflictError):
        reg.deinstantiate_all("jlopez", "web", "1.0")
    assert reg.deinstantiate_all("jlopez", "web", "1.0", all=True) == [c.dn for c in made[1:]]
    assert reg.query() == []


def test_care(reg, cluster):
    assert reg.fsck().findings == [] and reg.fsck().checked == 1
    assert reg.sweep().changed == 0
    for key, value in reg.kv.list(cluster.dn).items():
        reg.kv.put(key.replace("/jlopez/", "/old/"), value)
    planned = reg.adopt(dry_run=True)
    assert planned.changed == 0 and planned.findings[0].rule == "adopted"
    assert len(reg.query()) == 1
    assert reg.adopt().changed == 1
    assert reg.instance("old/web/1.0/1").status == "new"


def test_handles_are_not_pickled(reg, cluster):
    for thing in (reg, reg.kv, cluster, cluster.node("slave0")):
        with pytest.raises(TypeError, match="open registry"):
            pickle.dumps(thing)
        with pytest.raises(TypeError, match="open registry"):
            copy.deepcopy(thing)


def test_nothing_is_made_by_hand(reg, cluster):
    for kind in (confreg.Registry, confreg.KV, confreg.Entity, confreg.Node, confreg.Watch):
        with pytest.raises(TypeError):
            kind()

    class Mine(confreg.Entity):
        pass
    with pytest.raises(TypeError):
        Mine()
    with pytest.raises(TypeError):
        object.__new__(Mine)


def test_the_url_is_not_shown(tmp_path):
    with confreg.open("lmdb:%s/secret" % tmp_path) as reg:
        assert "secret" not in repr(reg) and "lmdb" in repr(reg)


@pytest.mark.parametrize("bad", [{"timeout": 0}, {"timeout": -1}, {"map_size": "x"}, {"wrong": 1}])
def test_bad_options_of_open(bad):
    with pytest.raises((TypeError, ValueError)):
        confreg.open("memory:", **bad)
    with pytest.raises(confreg.UsageError):
        confreg.open("nosuch:store")
