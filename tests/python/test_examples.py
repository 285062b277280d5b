# SPDX-License-Identifier: MIT
"""examples/python: each is run as a program, on a fresh store, and says what it should."""
import subprocess
import sys

import pytest

from upstream_support import EXAMPLES, store_url  # noqa: F401

EXPECTED = {
    "readme.py": """made instances/jlopez/cdh/5.7.0/1
template of 5308 characters: Hadoop
master0 running ['disk1']
master1 _ ['disk1']
slave0 _ ['disk1', 'disk2']
slave1 _ ['disk1', 'disk2']
slave2 _ ['disk1', 'disk2']
services: hdfs, mapreduce, yarn, zookeeper
left: None
""",
    "scheduler.py": """instances/jlopez/batch/1.0/1 scheduled 5
instances/jlopez/batch/1.0/2 scheduled 5
instances/jlopez/batch/1.0/3 scheduled 5
instances/jlopez/batch/1.0/4 scheduled 5
20 disks for 20 nodes
""",
    "executor.py": """queued -> running container-1
stopping -> stopped container-1
the executor ended with destroyed
""",
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_example(store_url, name):  # noqa: F811
    expected = EXPECTED[name]
    if name == "readme.py":
        body = (EXAMPLES / "hadoop" / "template.json").read_text()
        expected = expected.replace("5308", str(len(body)))
    done = subprocess.run([sys.executable, str(EXAMPLES / "python" / name), store_url],
                          capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == expected
