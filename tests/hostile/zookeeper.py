# SPDX-License-Identifier: MIT
"""ZooKeeper's protocol as far as the commands need it, and servers that get it wrong.

The packaged client library stands between us and most of these answers. Where that library
itself ends the process there is no row, because nothing of ours can catch it: 3.8.0 frees what it
never filled when the data of an answer is missing or longer than its packet.
"""
import asyncio
import struct

from hostile import LONG, VALUE, Server, Table, drip, endless, send, silence

ROWS = Table()
behaviour = ROWS.behaviour

CREATE, DELETE, EXISTS, GET_DATA, SET_DATA, CHILDREN, SYNC, PING, CHILDREN2, CHECK, MULTI = \
    1, 2, 3, 4, 5, 8, 9, 11, 12, 13, 14
MULTI_READ, AUTH, CLOSE = 22, 100, -11
NO_NODE, NODE_EXISTS, BAD_VERSION = -101, -110, -103
PING_XID, EVENT_XID = -2, -1
WIDE = 120

# ---- jute ------------------------------------------------------------------------------------


def number(value):
    return struct.pack(">i", value)


def long(value):
    return struct.pack(">q", value)


def text(data):
    if data is None:
        return number(-1)
    data = data.encode() if isinstance(data, str) else data
    return number(len(data)) + data


def packet(payload, length=None):
    return number(len(payload) if length is None else length) + payload


class In:
    def __init__(self, data):
        self.data = data

    def take(self, size):
        head, self.data = self.data[:size], self.data[size:]
        return head

    def number(self):
        return struct.unpack(">i", self.take(4))[0]

    def long(self):
        return struct.unpack(">q", self.take(8))[0]

    def flag(self):
        return self.take(1) != b"\0"

    def text(self):
        size = self.number()
        return None if size < 0 else self.take(size)

    def path(self):
        return self.text().decode()


def stat(size=0, children=0, version=3, zxid=77):
    return (long(zxid) + long(zxid) + long(1) + long(1) + number(version) + number(1) + number(0) +
            long(0) + number(size) + number(children) + long(zxid))


class Answer:
    """What the honest server would say to one request; and the connection to say it on."""

    def __init__(self, server, writer, xid, code, body, kind):
        self.server, self.writer = server, writer
        self.xid, self.code, self.body, self.kind = xid, code, body, kind

    def whole(self, body=None):
        body = self.body if body is None else body
        return packet(number(self.xid) + long(self.server.zxid) + number(self.code) +
                      (body if self.code == 0 else b""))

    async def send(self, data=None):
        await send(self.writer, self.whole() if data is None else data)

    async def say(self, body):
        await self.send(self.whole(body))


class ZooKeeper(Server):
    def __init__(self, row):
        super().__init__(row)
        self.zxid = 100
        if row.command == "wide":
            self.table.update(("hostile/wide/%04d" % at, b"x") for at in range(WIDE))

    # the tree: every prefix of a key is a znode without data

    def children(self, path):
        head = path.rstrip("/") + "/"
        return sorted({("/" + key)[len(head):].split("/")[0]
                       for key in self.table if ("/" + key).startswith(head)})

    def find(self, path):
        """(exists, data, children)"""
        key, below = path.lstrip("/"), self.children(path)
        return path == "/" or key in self.table or bool(below), self.table.get(key), below

    async def talk(self, reader, writer):
        first = await self.packet(reader)
        answer = Answer(self, writer, 0, 0, b"", "connect")
        answer.body = number(0) + number(5000) + long(0x1234) + text(b"p" * 16)
        request = In(first)
        request.take(16)
        if self.row.spoils == "connect":
            self.was_met = True
            await self.row.function(answer)
        else:
            read_only = b"\0" if len(first) > 44 else b""
            await send(writer, packet(answer.body + read_only))
        while self.is_open:
            request = In(await self.packet(reader))
            xid, kind = request.number(), request.number()
            if kind == CLOSE:
                await send(writer, packet(number(xid) + long(self.zxid) + number(0)))
                return
            code, body, name = self.answer(kind, request)
            answer = Answer(self, writer, xid, code, body, kind)
            if (self.row.spoils or self.row.command) == name or \
                    self.row.spoils is None and self.row.command in SPOILED.get(name, ()):
                self.was_met = True
                await self.row.function(answer)
            else:
                await answer.send()

    @staticmethod
    async def packet(reader):
        return await reader.readexactly(struct.unpack(">i", await reader.readexactly(4))[0])

    def answer(self, kind, request):
        if kind == PING:
            return 0, b"", "ping"
        if kind in (SYNC, AUTH):
            return 0, request.data, "sync"
        if kind in (GET_DATA, EXISTS, CHILDREN, CHILDREN2):
            code, body = self.read(kind, request.path())
            return code, body, {GET_DATA: "data", EXISTS: "exists"}.get(kind, "children")
        if kind == MULTI:
            return 0, self.multi(request), "multi"
        if kind == MULTI_READ:
            return 0, self.multi_read(request), "multi-read"
        return -6, b"", "other"

    def read(self, kind, path):
        exists, data, below = self.find(path)
        if not exists:
            return NO_NODE, b""
        described = stat(len(data or b""), len(below))
        if kind == GET_DATA:
            return 0, text(data) + described
        if kind == EXISTS:
            return 0, described
        names = number(len(below)) + b"".join(map(text, below))
        return 0, names + (described if kind == CHILDREN2 else b"")

    def multi_read(self, request):
        out = b""
        for kind in self.steps(request):
            path = request.path()
            request.flag()
            code, body = self.read(kind, path)
            out += number(-1) + b"\0" + number(code) + number(code) if code else \
                number(kind) + b"\0" + number(0) + body
        return out + number(-1) + b"\1" + number(-1)

    @staticmethod
    def steps(request):
        while True:
            kind, is_end = request.number(), request.flag()
            request.number()
            if is_end:
                return
            yield kind

    def multi(self, request):
        """All or nothing: the changes are made on a copy."""
        table, out, failed, count = dict(self.table), b"", 0, 0
        kept, self.table = self.table, table
        for kind in self.steps(request):
            code, body = self.step(kind, request)
            failed = failed or code
            out += number(kind) + b"\0" + number(0) + body
            count += 1
        if failed:
            self.table = kept
            out = (number(-1) + b"\0" + number(failed) + number(failed)) * count
        else:
            self.zxid += 1
            kept.clear()
            kept.update(self.table)
            self.table = kept
        return out + number(-1) + b"\1" + number(-1)

    def step(self, kind, request):
        path = request.path()
        exists, _, below = self.find(path)
        key = path.lstrip("/")
        if kind == CREATE:
            data = request.text()
            for _ in range(request.number()):
                request.number(), request.text(), request.text()
            request.number()
            if exists:
                return NODE_EXISTS, b""
            if data is not None:
                self.table[key] = data
            else:
                self.table.setdefault(key + "/.made", b"")
            return 0, text(path)
        if kind == SET_DATA:
            data = request.text()
            request.number()
            self.table[key] = data
            return (0, stat(len(data or b""))) if exists else (NO_NODE, b"")
        request.number()
        if kind == DELETE:
            self.table.pop(key, None)
            return (0, b"") if exists else (NO_NODE, b"")
        return (0, b"") if exists else (NO_NODE, b"")


# Which commands send it, so that most rows need not say what they spoil.
SPOILED = {"data": ("get",), "children": ("list", "export", "instances"),
           "multi": ("put", "create-only"), "multi-read": ("wide",)}


def event(kind, path, state=3):
    return packet(number(EVENT_XID) + long(-1) + number(0) + number(kind) + number(state) +
                  text(path))


# ---- connecting --------------------------------------------------------------------------------


@behaviour("get", 5, spoils="connect")
async def closes_at_once(answer):
    answer.writer.transport.abort()


@behaviour("get", 5, spoils="connect")
async def says_nothing(answer):
    await silence()


@behaviour("get", 5, spoils="connect")
async def speaks_http(answer):
    await answer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await silence()


@behaviour("get", 5, spoils="connect")
async def session_is_expired_for_ever(answer):
    await answer.send(packet(number(0) + number(0) + long(0) + text(b"\0" * 16)))
    answer.writer.close()


@behaviour("get", 5, spoils="connect")
async def session_of_a_cut_answer(answer):
    await answer.send(packet(answer.body)[:20])
    answer.writer.close()


@behaviour("get", 5, spoils="connect")
async def session_of_a_length_below_zero(answer):
    await answer.send(packet(answer.body, length=-5))
    await silence()


@behaviour("get", 5, spoils="connect")
async def session_of_two_gigabytes(answer):
    await answer.send(packet(answer.body, length=0x7FFFFFFF))
    await silence()


@behaviour("get", 0, 5, spoils="connect")
async def session_that_times_out_at_once(answer):
    await answer.send(packet(number(0) + number(1) + long(0x1234) + text(b"p" * 16)))


@behaviour("get", 0, 5, spoils="connect")
async def session_below_zero(answer):
    await answer.send(packet(number(0) + number(-100) + long(-1) + text(b"p" * 16)))


@behaviour("get", 5, spoils="connect")
async def session_dripped(answer):
    await drip(answer.writer, packet(answer.body), 0.05)


@behaviour("get", 0, 5, spoils="connect")
async def session_of_a_server_that_only_reads(answer):
    await answer.send(packet(answer.body + b"\1"))


# ---- the answer to a read ------------------------------------------------------------------------


@behaviour("get", 5)
async def resets_at_each_read(answer):
    answer.writer.transport.abort()


@behaviour("get", 5)
async def answers_no_read(answer):
    await silence()


@behaviour("get", 5)
async def another_xid(answer):
    answer.xid += 17
    await answer.send()


@behaviour("get", 5)
async def the_packet_is_longer_than_allowed(answer):
    await answer.send(packet(b"x" * 50, length=0x70000000))
    await silence()


@behaviour("get", 5)
async def the_packet_never_comes_whole(answer):
    await answer.send(answer.whole()[:-10])
    await silence()


@behaviour("get", 5)
async def the_packet_is_below_zero(answer):
    await answer.send(packet(b"x" * 50, length=-2))
    await silence()


@behaviour("get", 5)
async def the_packet_is_dripped(answer):
    await drip(answer.writer, answer.whole(), 0.03)


@behaviour("get", 5)
async def the_session_expires_for_ever(answer):
    answer.code = -112
    await answer.send()


@behaviour("get", 5)
async def the_session_moved_for_ever(answer):
    answer.code = -118
    await answer.send()


@behaviour("get", 8)
async def no_right(answer):
    answer.code = -102
    await answer.send()


@behaviour("get", 5)
async def an_error_of_the_future(answer):
    answer.code = -4711
    await answer.send()


@behaviour("get", 5)
async def an_error_above_zero(answer):
    answer.code = 17
    await answer.send()


@behaviour("get", 5)
async def a_runtime_inconsistency(answer):
    answer.code = -2
    await answer.send()


@behaviour("get", 5)
async def marshalling_failed(answer):
    answer.code = -5
    await answer.send()


@behaviour("get", 5)
async def unimplemented(answer):
    answer.code = -6
    await answer.send()


@behaviour("get", 5)
async def the_value_is_shorter_than_its_stat(answer):
    await answer.say(text("short") + stat(500))


@behaviour("get", 5)
async def the_value_is_of_length_minus_five(answer):
    await answer.say(number(-5) + stat(0))


@behaviour("get", 5)
async def the_value_is_of_the_smallest_length(answer):
    await answer.say(number(-(1 << 31)) + stat(0))


@behaviour("get", 5)
async def the_stat_is_missing(answer):
    await answer.say(text(VALUE))


@behaviour("get", 5)
async def the_stat_is_cut(answer):
    await answer.say(answer.body[:-20])


@behaviour("get", 5)
async def zxids_below_zero(answer):
    await answer.say(text(VALUE) + stat(len(VALUE), zxid=-9))


@behaviour("get", 0, 5, out=VALUE)
async def a_zxid_of_the_header_that_goes_back(answer):
    answer.server.zxid = -50
    await answer.send()


@behaviour("get", 0, 5, out=VALUE)
async def more_behind_the_stat(answer):
    await answer.say(answer.body + b"and more" * 100)


@behaviour("get", 0, 5, out=VALUE)
async def events_for_keys_never_asked(answer):
    await answer.send(b"".join(event(kind, "/never/asked") for kind in (1, 2, 3, 4)) +
                      answer.whole())


@behaviour("get", 0, 5, out=VALUE)
async def events_of_unknown_kinds(answer):
    await answer.send(b"".join(event(kind, "/x") for kind in (0, 77, -77)) + answer.whole())


@behaviour("get", 0, 5, out=VALUE)
async def events_without_a_path(answer):
    await answer.send(event(3, "") + answer.whole())


@behaviour("get", 0, 5, out=VALUE)
async def pings_that_nobody_sent(answer):
    await answer.send(packet(number(PING_XID) + long(1) + number(0)) * 50 + answer.whole())


@behaviour("get", 5, spoils="sync")
async def sync_is_refused(answer):
    answer.code = -2
    await answer.send()


@behaviour("get", 0, 5, out=VALUE, spoils="sync")
async def sync_answers_another_path(answer):
    await answer.say(text("/elsewhere"))


# ---- lists -----------------------------------------------------------------------------------------


@behaviour("list", 5)
async def children_below_zero(answer):
    await answer.say(number(-7) + stat(0, 2))


@behaviour("list", 5)
async def fewer_children_than_the_stat(answer):
    await answer.say(number(1) + text("key") + stat(0, 20))


@behaviour("list", 4)
async def children_that_do_not_exist(answer):
    await answer.say(number(2) + text("ghost") + text("other") + stat(0, 2))


@behaviour("list", 5)
async def a_child_with_a_slash(answer):
    await answer.say(number(2) + text("../../etc") + text("key") + stat(0, 2))


@behaviour("list", 5)
async def a_child_without_a_name(answer):
    await answer.say(number(2) + text("") + text("key") + stat(0, 2))


@behaviour("list", 5)
async def a_child_twice(answer):
    await answer.say(number(2) + text("key") + text("key") + stat(0, 2))


@behaviour("list", 5)
async def a_child_of_ten_thousand_bytes(answer):
    await answer.say(number(2) + text("k" * 10000) + text("key") + stat(0, 2))


@behaviour("list", 5)
async def more_children_than_the_packet(answer):
    await answer.say(number(100_000) + text("key") + stat(0, 2))


@behaviour("list", 5)
async def a_tree_without_a_bottom(answer):
    answer.server.find = lambda path: (True, None, ["deeper"])
    await answer.say(number(1) + text("deeper") + stat(0, 1))


@behaviour("list", 5)
async def lists_are_refused(answer):
    answer.code = -4711
    await answer.send()


@behaviour("list", 4, 5)
async def the_tree_changes_with_each_look(answer):
    answer.server.zxid += 1
    await answer.say(answer.body[:-8] + long(answer.server.zxid))


# ---- many reads in one request -----------------------------------------------------------------------


@behaviour("wide", 0)
async def many_reads_are_unknown(answer):
    answer.code = -6
    await answer.send()


@behaviour("wide", 0)
async def many_reads_are_reset(answer):
    answer.writer.transport.abort()


@behaviour("wide", 0)
async def many_reads_of_noise(answer):
    await answer.say(bytes(range(256)) * 40)


@behaviour("wide", 0)
async def many_reads_of_nothing(answer):
    await answer.say(b"")


@behaviour("wide", 0)
async def many_reads_answered_with_one(answer):
    await answer.say(answer.body[:60])


@behaviour("wide", 0)
async def many_reads_of_other_kinds(answer):
    await answer.say(answer.body.replace(number(GET_DATA) + b"\0", number(SET_DATA) + b"\0"))


@behaviour("wide", 0)
async def many_reads_with_a_lying_length(answer):
    await answer.say(answer.body.replace(text("x"), number(0x7FFFFFFF) + b"x"))


@behaviour("wide", 0)
async def many_reads_of_another_xid(answer):
    answer.xid += 1
    await answer.send()


@behaviour("wide", 0)
async def many_reads_with_an_error_of_zero(answer):
    await answer.say((number(-1) + b"\0" + number(0) + number(0)) * 200)


@behaviour("wide", 0)
async def many_reads_of_a_huge_packet(answer):
    await answer.send(packet(b"x" * 100, length=200 << 20))
    answer.writer.close()


@behaviour("wide", 0, 5)
async def many_reads_that_stall(answer):
    await answer.send(answer.whole()[:500])
    await silence()


# ---- writes ------------------------------------------------------------------------------------------


@behaviour("put", 6)
async def put_is_done_and_the_connection_gone(answer):
    answer.writer.transport.abort()


@behaviour("put", 6)
async def put_is_done_and_nothing_said(answer):
    await silence()


@behaviour("put", 6)
async def put_is_done_and_the_session_expired(answer):
    answer.code = -112
    await answer.send()


@behaviour("put", 6)
async def put_is_done_and_the_xid_is_wrong(answer):
    answer.xid += 5
    await answer.send()


@behaviour("put", 6)
async def put_is_done_and_the_answer_is_cut(answer):
    await answer.send(answer.whole()[:-12])
    answer.writer.close()


@behaviour("create-only", 6)
async def create_is_done_and_the_connection_gone(answer):
    answer.writer.transport.abort()


@behaviour("put", 6)
async def put_is_answered_without_results(answer):
    await answer.say(number(-1) + b"\1" + number(-1))


@behaviour("put", 6)
async def put_is_answered_by_a_runtime_inconsistency(answer):
    answer.code = -2
    await answer.send()


# ---- watching ------------------------------------------------------------------------------------------


@behaviour("watch", 0, 5, spoils="children")
async def an_event_at_once_each_time(answer):
    await answer.send(answer.whole() + event(4, "/hostile/a"))


@behaviour("watch", 0, 5, spoils="children")
async def a_session_event_from_the_server(answer):
    await answer.send(answer.whole() + event(-1, "", state=-112))


@behaviour("watch", 0, 5, spoils="children")
async def a_watch_on_a_tree_that_breaks_off(answer):
    answer.writer.transport.abort()


def cut_rows():
    """The honest answer, closed after each of its bytes: all in the long tier, else some."""
    rows = Table()
    for at in range(0, 112, 1 if LONG else 20):
        async def cut(answer, at=at):
            whole = answer.whole()
            await answer.send(whole[:at])
            if at < len(whole):
                await asyncio.sleep(0)
                answer.writer.close()
        cut.__name__ = "closed_after_%d_bytes" % at
        rows.behaviour("get", 0, 5, out=VALUE)(cut)
    return rows
