# SPDX-License-Identifier: MIT
"""Completion: the candidates, and the shells that ask for them."""
import os
import subprocess
import time

import pytest

from conftest import DN, FULL_DN, STORE

DRIVER = """
eval "$(confreg completion bash)"
COMP_LINE=$1
COMP_POINT=${#COMP_LINE}
COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'
_confreg 2>/dev/null
printf '%s\\n' "${COMPREPLY[@]}"
"""


def candidates(confreg, *words):
    return [line.split("\t")[0] for line in confreg("__complete", *words).lines()]


def bash(confreg, line):
    run = subprocess.run(["bash", "-c", DRIVER, "bash", line], capture_output=True, text=True, check=True,
                         env=confreg.env, cwd=confreg.folder, timeout=30)
    return run.stdout.split("\n")[:-1]


@pytest.mark.parametrize("words,wanted", [
    ([""], {"template", "instance", "kv", "store", "render", "doctor", "help", "completion", "version"}),
    (["inst"], {"instance"}),
    (["template", "re"], {"register"}),
    (["tmpl", "re"], {"register"}),
    (["-o", "js"], {"json", "jsonl"}),
    (["kv", "list", "--output=ya"], {"--output=yaml"}),
    (["kv", "rm", "--re"], {"--recurse"}),
    (["template", "register", "a", "1", "--type", "y"], {"yaml+jinja2"}),
    (["template", "register", "a", "1", "--file", ""], {":file"}),
    (["render", "--templates", ""], {":folder"}),
    (["kv", "import", ""], {":file"}),
    (["completion", ""], {"bash", "zsh", "fish"}),
    (["help", "template", "re"], {"register"}),
    (["help", "fil"], {"filters"}),
    (["--store", "lm"], {"lmdb:"}),
    (["nonsense", ""], {"template", "instance", "kv", "store", "render", "doctor", "help", "completion", "version"}),
])
def test_static__from_the_table(confreg, words, wanted):
    assert set(candidates(confreg, *words)) == wanted


@pytest.mark.parametrize("words,wanted", [
    (["template", "show", ""], ["hadoop"]),
    (["template", "show", "hadoop", ""], ["1.0"]),
    (["instance", "create", "j"], ["jlopez"]),
    (["instance", "create", "jlopez", "h"], ["hadoop"]),
    (["instance", "create", "jlopez", "hadoop", "1.0", "--set", "sl"], ["slaves.number=", "slaves.cpu="]),
    (["instance", "list", "jlopez", ""], ["hadoop"]),
    (["instance", "list", "jlopez", "hadoop", ""], ["1.0"]),
    (["instance", "show", ""], [DN]),
    (["instance", "show", "inst"], [FULL_DN]),
    (["instance", "rm", DN, "jl"], [DN]),
    (["instance", "get", DN, "na"], ["name"]),
    (["instance", "get", DN, "nodes/"], ["nodes/master0/", "nodes/slave0/", "nodes/slave1/"]),
    (["instance", "get", DN, "nodes/slave0/na"], ["nodes/slave0/name"]),
    (["instance", "set", DN, "sta"], ["status="]),
    (["instance", "disks", DN + "/nodes/sl"], [DN + "/nodes/slave0/", DN + "/nodes/slave1/"]),
    (["kv", "get", "templates/"], ["templates/hadoop/"]),
])
def test_dynamic__from_the_store(instance, words, wanted):
    assert candidates(instance, *words) == wanted


def test_dynamic__option_names_the_store(instance, tmp_path):
    url = instance.env.pop("CONFREG_STORE")
    instance.env["CONFREG_STORE"] = f"lmdb:{tmp_path}/none"
    assert candidates(instance, "template", "show", "") == []
    assert candidates(instance, "--store", url, "template", "show", "") == ["hadoop"]
    assert not (tmp_path / "none").exists()


@pytest.mark.skipif(STORE != "lmdb", reason="about a file")
def test_dynamic__is_silent_and_makes_nothing_without_a_store(confreg):
    result = confreg("__complete", "instance", "show", "")
    assert result.out == result.err == ""
    assert not (confreg.folder.parent / "store").exists()


def test_dynamic__gives_up_in_time(confreg):
    confreg.env["CONFREG_STORE"] = "consul://10.255.255.1:8500"
    started = time.monotonic()
    result = confreg.run("__complete", "instance", "show", "")
    assert result.code in (0,) and time.monotonic() - started < 1.5, result


def test_bash__script_is_sound(confreg):
    script = confreg("completion", "bash").out
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_bash__completes_words_options_and_names(instance):
    assert bash(instance, "confreg templ") == ["template"]
    assert bash(instance, "confreg instance cr") == ["create"]
    assert bash(instance, "confreg instance show ") == [DN]
    assert bash(instance, "confreg kv rm --rec") == ["--recurse"]


def test_bash__cuts_what_it_takes_for_an_earlier_word(instance):
    assert bash(instance, "confreg kv list --output=ya") == ["yaml"]
    assert bash(instance, f"confreg instance set {DN} sta") == ["status="]
    assert bash(instance, "confreg --store lmdb") == ["lmdb:"]


def test_bash__completes_files(instance):
    assert sorted(bash(instance, "confreg template register a 1 --file templ")) == ["template.json", "template.yaml"]
    assert bash(instance, "confreg kv put a @logo") == ["@logo.bin"]
    os.mkdir(instance.folder / "templates")
    assert bash(instance, "confreg render body.j2 --templates templ") == ["templates"]


def test_zsh__script_is_sound(confreg):
    script = confreg("completion", "zsh").out
    subprocess.run(["zsh", "-n", "/dev/stdin"], input=script, text=True, check=True)
    probe = 'autoload -U compinit; compinit -u -D; eval "$(confreg completion zsh)"; print $_comps[confreg]'
    run = subprocess.run(["zsh", "-fc", probe], capture_output=True, text=True, env=confreg.env, check=True)
    assert run.stdout == "_confreg\n"


def test_fish__script_completes(instance):
    def fish(line):
        probe = f'confreg completion fish | source; complete -C "{line}"'
        run = subprocess.run(["fish", "--no-config", "-c", probe], capture_output=True, text=True,
                             env=instance.env, cwd=instance.folder, check=True)
        return [line.split("\t")[0] for line in run.stdout.splitlines()]
    assert fish("confreg templ") == ["template"]
    assert fish("confreg instance show ") == [DN]
    assert fish("confreg kv list --output=ya") == ["--output=yaml"]
    assert "body.j2" in fish("confreg render b")
