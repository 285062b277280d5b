#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Run the text fixtures of the template engine.

    run_fixtures.py PATH/TO/jinja-case THIS_FOLDER [--write]

A fixture is lexer/NAME.j2, parser/NAME.j2, render/NAME.j2 or errors/NAME.j2:

    {"name": "world", "$env": {"trim_blocks": true}, "$templates": {"lib": "..."}}
    ---
    Hello {{ name }}!

The JSON part is the context; $env are options by Jinja2's names, $templates what the loader
knows. The golden lies beside it (NAME.golden): tokens, tree, output, or the whole diagnostic.
With --write goldens are written anew: those of render/ by real Jinja2 (python3-jinja2), the
others by the engine, to be read before they are committed.
"""
import json
import pathlib
import subprocess
import sys

KINDS = {"lexer": "tokens", "parser": "tree", "render": "render", "errors": "render"}


def read_case(path):
    head, _, body = path.read_text(encoding="utf-8").partition("---\n")
    context = json.loads(head) if head.strip() else {}
    env = context.pop("$env", {})
    templates = context.pop("$templates", {})
    return {"id": f"{path.parent.name}/{path.stem}", "kind": KINDS[path.parent.name],
            "templates": {**templates, "<string>": body}, "main": "<string>",
            "env": env, "context": context}


def as_text(answer):
    """What a golden holds: the output, or the diagnostic as people see it."""
    if "error" not in answer:
        return answer.get("output", "")
    error = answer["error"]
    lines = [f"{error['type']}: {error['message']}",
             f"  at {error['template'] or '<string>'}:{error['line']}:{error['column']}"]
    if error["snippet"]:
        lines += ["  | " + error["snippet"],
                  "  | " + " " * (error["column"] - 1) + "^" * max(1, error["length"])]
    if error["hint"]:
        lines.append("  " + error["hint"])
    return "\n".join(lines)


def by_jinja2(case):
    import jinja2
    import jinja2.sandbox
    env = dict(case["env"])
    kinds = {"immutable": jinja2.sandbox.ImmutableSandboxedEnvironment,
             "sandboxed": jinja2.sandbox.SandboxedEnvironment}
    make = kinds.get(env.pop("sandbox", None), jinja2.Environment)
    undefined = getattr(jinja2, env.pop("undefined", "Undefined"))
    newstyle = env.pop("newstyle_gettext", False)
    made = make(loader=jinja2.DictLoader(case["templates"]), undefined=undefined, **env)
    if "jinja2.ext.i18n" in env.get("extensions", []):
        made.install_null_translations(newstyle=newstyle)
    return made.from_string(case["templates"]["<string>"]).render(case["context"])


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    write = "--write" in sys.argv[3:]
    paths = sorted(path for kind in KINDS for path in (folder / kind).glob("*.j2"))
    cases = [read_case(path) for path in paths]
    done = subprocess.run([program], input="".join(json.dumps(case) + "\n" for case in cases),
                          capture_output=True, text=True, timeout=60, check=True)
    answers = [json.loads(line) for line in done.stdout.split("\n") if line]
    failures = 0
    for path, case, answer in zip(paths, cases, answers):
        golden = path.with_suffix(".golden")
        got = as_text(answer)
        if write:
            text = by_jinja2(case) if path.parent.name == "render" else got
            golden.write_text(text, encoding="utf-8")
            continue
        if not golden.exists():
            failures += 1
            print(f"{case['id']} has no {golden.name}; --write makes one")
            continue
        expected = golden.read_text(encoding="utf-8")
        if got != expected:
            failures += 1
            print(f"{case['id']} differs\n--- expected\n{expected}\n--- got\n{got}\n---")
    print(f"{len(paths)} fixtures, {failures} differ")
    return 1 if failures or len(answers) != len(paths) or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
