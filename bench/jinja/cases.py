# SPDX-License-Identifier: MIT
"""Write the cases of the template benchmark into a folder, one folder a case.

A case is: main.j2 and the templates it names, context.json, options.json ({"autoescape":
true} where it is on). Every engine reads the same files, so that all of them do the same
work; run.py compares their outputs byte for byte before it believes any figure.
"""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def hadoop_context(slaves):
    document = json.loads((ROOT / "examples/hadoop/options.json").read_text())
    options = {}
    for group in ("required", "optional", "advanced"):
        options.update(document[group])
    options["slaves.number"] = slaves
    dn = "instances/jlopez/hadoop/1.0/1"
    return {
        "opts": options, "user": "jlopez", "servicename": "hadoop", "product": "hadoop",
        "version": "1.0", "instancedn": dn, "clusterdn": dn,
        "instancename": dn.replace("/", "-"), "instanceid": "1",
        "clusterid": dn.replace("/", "--").replace(".", "__"),
    }


TABLE = """<table>
{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</table>
"""

ESCAPED_TABLE = TABLE.replace("{{ cell }}", "{{ cell|e }}")

PAGE = {
    "layout.j2": """<!doctype html>
<title>{% block title %}inventory{% endblock %}</title>
<nav>{% for name, target in menu %}<a href="{{ target }}">{{ name|title }}</a>{% endfor %}</nav>
<main>{% block main %}nothing here{% endblock %}</main>
<footer>{{ footer|default("no footer")|upper }}</footer>
""",
    "macros.j2": """{% macro badge(text, kind="plain") %}<b class="{{ kind }}">{{ text|e }}</b>{% endmacro %}
{% macro facts(host) %}<dl>{% for key, value in host.facts|dictsort %}<dt>{{ key }}</dt><dd>{{ value|e }}</dd>{% endfor %}</dl>{% endmacro %}
""",
    "row.j2": """<section id="{{ host.name|replace(".", "-") }}"><h2>{{ host.number }}. {{ host.name }}</h2>
{{ badge(host.state, "ok" if host.state == "running" else "bad") }}{{ facts(host) }}
<p>{{ (host.note|default("no note"))[:60] }}</p>
{% if host.disks %}<ul>{% for disk in host.disks if disk.size > 10 %}<li>{{ disk.name }}: {{ disk.size }} GB</li>{% else %}<li>only small disks</li>{% endfor %}</ul>{% endif %}
</section>
""",
    "main.j2": """{% extends "layout.j2" %}
{% from "macros.j2" import badge, facts %}
{% block title %}{{ hosts|length }} hosts of {{ site|capitalize }}{% endblock %}
{% block main %}
{% set running = hosts|selectattr("state", "equalto", "running")|list %}
<p>{{ running|length }} of {{ hosts|length }} run: {{ running|map(attribute="name")|join(", ") }}</p>
{% for host in hosts %}{% include "row.j2" %}{% endfor %}
{% endblock %}
""",
}


def page_context():
    hosts = []
    for number in range(200):
        hosts.append({
            "number": number, "name": "slave%d.example.org" % number,
            "state": "stopped" if number % 7 == 3 else "running",
            "facts": {"rack": "r%d" % (number % 12), "cpu": str(4 + number % 5),
                      "os": "Debian <12>", "owner": "team & co"},
            "disks": [{"name": "disk%d" % disk, "size": 5 * disk + number % 3}
                      for disk in range(1, 5)],
            **({"note": "a remark about host %d that is rather long " % number * 3}
               if number % 4 == 0 else {}),
        })
    return {"site": "santiago", "hosts": hosts, "footer": "written by the bench",
            "menu": [["home", "/"], ["hosts", "/hosts"], ["help", "/help?a=1&b=2"]]}


def cases():
    json_body = (ROOT / "examples/hadoop/template.json").read_text()
    yaml_body = (ROOT / "examples/hadoop/template.yaml").read_text()
    numbers = [[row * 10 + column for column in range(10)] for row in range(1000)]
    words = [["<cell> %d & %d" % (row, column) for column in range(10)] for row in range(1000)]
    yield "service-json", {"main.j2": json_body}, hadoop_context(200), {}
    yield "service-yaml", {"main.j2": yaml_body}, hadoop_context(200), {}
    yield "table-integers", {"main.j2": TABLE}, {"rows": numbers}, {}
    yield "table-escaped", {"main.j2": ESCAPED_TABLE}, {"rows": words}, {}
    yield "page", PAGE, page_context(), {}


def main():
    folder = pathlib.Path(sys.argv[1])
    for name, templates, context, options in cases():
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        for file, text in templates.items():
            (place / file).write_text(text)
        (place / "context.json").write_text(json.dumps(context))
        (place / "options.json").write_text(json.dumps(options))


if __name__ == "__main__":
    main()
