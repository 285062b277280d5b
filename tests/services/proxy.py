# SPDX-License-Identifier: MIT
"""A network that goes wrong on command: a TCP proxy on loopback in front of one test server.

    with Proxy(port) as proxy:
        proxy.port                                  # connect here
        proxy.lose_reply(b"value", then="reset")    # the server gets it, its answer never comes
        proxy.lose_request(b"value", then="reset")  # the server never gets it
        proxy.silence()                             # connections stay, nothing passes
        proxy.slow(piece=1, pause=0.01)             # an answer comes byte by byte
        proxy.reset() / proxy.half_close()          # what happens to open connections, once
        proxy.refuse()                              # nobody gets through
        proxy.heal()

A reply is lost by what its request holds. Only writes carry values, so the bytes of a value name
one write and no read. What was forwarded once is never sent again: duplicates are the client's.
"""
import contextlib
import ctypes
import socket
import struct
import threading
import time

PIECE = 65536
MEMORY = 65536      # how much of a request is looked at for a marker
SETTLE = 0.15       # silence after which a swallowed reply was all of it
SETTLE_MAX = 5.0
LIBC = ctypes.CDLL(None, use_errno=True)


def send_reset(end):
    """Dissolving a connection (connect to AF_UNSPEC) resets it at once; close() would wait for
    the thread that reads from it."""
    nowhere = struct.pack("H14x", socket.AF_UNSPEC)
    LIBC.connect(end.fileno(), nowhere, len(nowhere))


class Rule:
    """One fault that waits for its request."""

    def __init__(self, marker, is_forwarded, then, after):
        self.marker = marker
        self.is_forwarded = is_forwarded
        self.then = then      # what becomes of the connection: reset, close, half-close, silence
        self.after = after    # what becomes of the whole network then: None, or refuse, silence
        self.met = threading.Event()


class Link:
    """One connection through the proxy."""

    def __init__(self, client, server):
        self.client = client
        self.server = server
        self.lock = threading.Lock()  # of the two numbers: a closed one may be somebody else's
        self.pumps = 2
        self.seen = b""
        self.is_mute = False          # answers are swallowed
        self.last_answer = None       # time of the last swallowed piece

    def end(self, how):
        with self.lock, contextlib.suppress(OSError):
            if self.pumps == 0:
                return
            if how == "reset":
                send_reset(self.client)
            elif how == "half-close":
                self.client.shutdown(socket.SHUT_WR)
            elif how == "close":
                self.client.shutdown(socket.SHUT_RDWR)


class Proxy:
    def __init__(self, target):
        self.target = target
        self.lock = threading.Lock()
        self.rules = []
        self.links = set()
        self.mode = "pass"
        self.piece = PIECE
        self.pause = 0.0
        self.accepted = 0
        self.is_open = True
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.is_open = False
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.end_all("close")

    # ---- commands ----

    def lose_reply(self, marker, then="reset", after=None):
        return self.add_rule(Rule(marker, True, then, after))

    def lose_request(self, marker, then="reset", after=None):
        return self.add_rule(Rule(marker, False, then, after))

    def add_rule(self, rule):
        with self.lock:
            self.rules.append(rule)
        return rule

    def silence(self):
        self.mode = "silence"

    def refuse(self):
        self.mode = "refuse"
        self.end_all("reset")

    def slow(self, piece=1, pause=0.01):
        self.piece = piece
        self.pause = pause

    def reset(self):
        self.end_all("reset")

    def half_close(self):
        self.end_all("half-close")

    def heal(self):
        """Links that were silenced are of no use any more: they lack what was swallowed."""
        if self.mode != "pass":
            self.end_all("reset")
        self.mode = "pass"
        self.piece = PIECE
        self.pause = 0.0

    def end_all(self, how):
        with self.lock:
            links = list(self.links)
        for link in links:
            link.end(how)

    # ---- the wire ----

    def accept(self):
        while self.is_open:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            if self.mode == "refuse":
                send_reset(client)
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self.target), timeout=5)
            except OSError:
                send_reset(client)
                client.close()
                continue
            server.settimeout(None)
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link = Link(client, server)
            with self.lock:
                self.links.add(link)
            threading.Thread(target=self.pump_requests, args=(link,), daemon=True).start()
            threading.Thread(target=self.pump_answers, args=(link,), daemon=True).start()

    def match(self, link, data):
        with self.lock:
            if not self.rules:
                return None
            link.seen = (link.seen + data)[-MEMORY:]
            for rule in self.rules:
                if rule.marker in link.seen:
                    self.rules.remove(rule)
                    rule.met.set()
                    link.seen = b""
                    return rule
        return None

    def pump_requests(self, link):
        with contextlib.suppress(OSError):
            while True:
                data = link.client.recv(PIECE)
                if not data:
                    break
                if self.mode == "silence":
                    continue
                rule = self.match(link, data)
                if rule is not None:
                    threading.Thread(target=self.go_wrong, args=(link, rule), daemon=True).start()
                    link.is_mute = True
                    if not rule.is_forwarded:
                        while link.client.recv(PIECE):
                            pass
                        break
                link.server.sendall(data)
        self.half_shut(link.server)
        self.forget(link)

    def pump_answers(self, link):
        with contextlib.suppress(OSError):
            while True:
                data = link.server.recv(PIECE)
                if not data:
                    break
                if link.is_mute:
                    link.last_answer = time.monotonic()
                elif self.mode == "pass":
                    self.give(link, data)
        self.half_shut(link.client)
        self.forget(link)

    @staticmethod
    def half_shut(end):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_WR)

    def give(self, link, data):
        for at in range(0, len(data), self.piece):
            if self.pause:
                time.sleep(self.pause)
            link.client.sendall(data[at:at + self.piece])

    def go_wrong(self, link, rule):
        if rule.is_forwarded:
            end = time.monotonic() + SETTLE_MAX
            while time.monotonic() < end:
                time.sleep(SETTLE / 3)
                if link.last_answer is not None and time.monotonic() - link.last_answer > SETTLE:
                    break
        if rule.after == "silence":
            self.silence()
        elif rule.after == "refuse":
            self.mode = "refuse"
        link.end(rule.then)
        if rule.after == "refuse":
            self.end_all("reset")

    def forget(self, link):
        """Both pumps come by; the second one closes."""
        with link.lock:
            link.pumps -= 1
            if link.pumps > 0:
                return
            link.client.close()
            link.server.close()
        with self.lock:
            self.links.discard(link)
