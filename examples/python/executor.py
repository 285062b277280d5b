#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An executor that watches its node and does what its status asks for.

    executor.py STORE-URL

It runs until its node is `destroyed`. Nothing is asked every few seconds: the watch tells what
changed. In the place of the orchestrator, the main program changes the status from another
thread.
"""
import sys
import threading

import confreg

BODY = '{"status": "registered", "nodes": {"node0": {"name": "node0", "status": "_", "id": ""}}}'
ANSWERS = {"queued": "running", "stopping": "stopped"}


def execute(reg, dn):
    """Follow the wishes for a node; give back what was seen."""
    node = reg.at(dn)
    seen = []
    with node.watch(snapshot=True, timeout=30) as watch:
        for event in watch:
            if event.path != "status":
                continue
            seen.append(event.value)
            if event.value in ANSWERS:
                node.update(status=ANSWERS[event.value], id="container-1")
            if event.value == "destroyed":
                break
    return seen


def wait_for(node, status):
    """Until the executor answered."""
    with node.watch(snapshot=True, timeout=30) as watch:
        for event in watch:
            if event.path == "status" and event.value == status:
                return
    raise TimeoutError(f"{node.dn} did not become {status}")


def main():
    with confreg.open(sys.argv[1]) as reg:
        reg.register("one", "1.0", BODY, {"required": {}, "optional": {}, "advanced": {}})
        node = reg.instantiate("jlopez", "one", "1.0").nodes[0]
        seen = []
        executor = threading.Thread(target=lambda: seen.extend(execute(reg, node.dn)))
        executor.start()
        for wish, answer in (("queued", "running"), ("stopping", "stopped")):
            node.status = wish
            wait_for(node, answer)
            print(wish, "->", node.status, node.id)
        node.status = "destroyed"
        executor.join()
        print("the executor ended with", seen[-1])


if __name__ == "__main__":
    main()
