# SPDX-License-Identifier: MIT
"""etcd's gRPC as far as the commands need it, over an HTTP/2 that can be got wrong on purpose."""
import asyncio
import struct

import hpack

from hostile import KEY, LONG, VALUE, Server, Table, drip, endless, send, silence

ROWS = Table()
behaviour = ROWS.behaviour

DATA, HEADERS, PRIORITY, RESET, SETTINGS, PUSH, PING, GOAWAY, WINDOW, MORE = range(10)
END_STREAM, END_HEADERS, ACK = 1, 4, 1
REVISION = 40

# ---- protobuf --------------------------------------------------------------------------------


def varint(number):
    number &= (1 << 64) - 1
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def number(field, value):
    return varint(field << 3) + varint(value)


def piece(field, data):
    return varint(field << 3 | 2) + varint(len(data)) + data


def fields(data):
    """{field: [values]} of a message."""
    found, at = {}, 0

    def take():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        tag = take()
        if tag & 7 == 2:
            size = take()
            value = data[at:at + size]
            at += size
        else:
            value = take()
        found.setdefault(tag >> 3, []).append(value)
    return found


def first(found, field, default=b""):
    return found.get(field, [default])[0]


def header(revision=REVISION):
    return piece(1, number(1, 7) + number(2, 8) + number(3, revision))


def entry(key, value, revision=12):
    return piece(1, key.encode() if isinstance(key, str) else key) + number(2, 5) + \
        number(3, revision) + (piece(5, value) if value else b"")


def range_answer(*entries, more=False, revision=REVISION):
    return header(revision) + b"".join(piece(2, each) for each in entries) + \
        (number(3, 1) if more else b"") + number(4, len(entries))


HONEST = entry(KEY, VALUE.encode())

# ---- HTTP/2 ----------------------------------------------------------------------------------


def frame(kind, flags, stream, payload=b"", length=None):
    size = len(payload) if length is None else length
    return size.to_bytes(3, "big") + struct.pack(">BBI", kind, flags, stream) + payload


def literal(name, value):
    """A header without index and Huffman, of any length."""
    def text(data):
        data = data if isinstance(data, bytes) else data.encode()
        size = len(data)
        if size < 127:
            return bytes([size]) + data
        return b"\x7f" + varint(size - 127) + data
    return b"\x00" + text(name) + text(value)


STATUS_200 = literal(":status", "200") + literal("content-type", "application/grpc")


class Answer:
    """What the honest server would say of one call; and the connection to say it on."""

    def __init__(self, server, writer, stream, message, status=0):
        self.server, self.writer, self.stream = server, writer, stream
        self.message, self.status = message, status

    def head(self, block=STATUS_200, flags=END_HEADERS):
        return frame(HEADERS, flags, self.stream, block)

    def body(self, message=None, flag=0, length=None):
        data = self.message if message is None else message
        return bytes([flag]) + struct.pack(">I", len(data) if length is None else length) + data

    def data(self, payload, flags=0):
        """In frames that any client takes."""
        return b"".join(frame(DATA, flags if at + 16384 >= len(payload) else 0, self.stream,
                              payload[at:at + 16384])
                        for at in range(0, max(len(payload), 1), 16384))

    def tail(self, *pairs):
        block = b"".join(literal(*pair) for pair in pairs or [("grpc-status", str(self.status))])
        return frame(HEADERS, END_HEADERS | END_STREAM, self.stream, block)

    def whole(self, message=None):
        if self.status:
            return frame(HEADERS, END_HEADERS | END_STREAM, self.stream,
                         STATUS_200 + literal("grpc-status", str(self.status)))
        return self.head() + self.data(self.body(message)) + self.tail()

    async def send(self, data=None):
        await send(self.writer, self.whole() if data is None else data)

    async def say(self, message):
        await self.send(self.whole(message))


class Etcd(Server):
    def __init__(self, row):
        super().__init__(row)
        self.revision = REVISION

    async def talk(self, reader, writer):
        await reader.readexactly(24)
        if self.row.spoils == "settings":
            self.was_met = True
            await self.row.function(Answer(self, writer, 0, b""))
            return
        await send(writer, frame(SETTINGS, 0, 0))
        decoder, paths, bodies = hpack.Decoder(), {}, {}
        while self.is_open:
            head = await reader.readexactly(9)
            size = int.from_bytes(head[:3], "big")
            kind, flags, stream = struct.unpack(">BBI", head[3:])
            payload = await reader.readexactly(size)
            if kind == SETTINGS and not flags & ACK:
                await send(writer, frame(SETTINGS, ACK, 0))
            elif kind == PING and not flags & ACK:
                await send(writer, frame(PING, ACK, 0, payload))
            elif kind == HEADERS:
                block = payload[5:] if flags & 0x20 else payload
                paths[stream] = dict(decoder.decode(block)).get(":path", "")
                bodies[stream] = b""
            elif kind == DATA:
                bodies[stream] += payload
                await send(writer, frame(WINDOW, 0, 0, struct.pack(">I", max(1, size))))
            if kind in (DATA, HEADERS) and flags & END_STREAM:
                await self.call(writer, stream, paths.pop(stream), bodies.pop(stream)[5:])

    async def call(self, writer, stream, path, message):
        method = path.rsplit("/", 1)[-1]
        found = fields(message)
        kind = self.kind_of(method, found)
        reply, status = self.answer(method, found)
        answer = Answer(self, writer, stream, reply, status)
        if (self.row.spoils or self.row.command) in kind:
            self.was_met = True
            await self.row.function(answer)
        elif method == "Watch":
            await self.watch(answer)
        else:
            await answer.send()

    @staticmethod
    def kind_of(method, found):
        """Which commands send it, so that most rows need not say what they spoil."""
        if method == "Range":
            return {"list", "instances"} if 2 in found else {"get"}
        if method == "Txn":
            is_read = fields(first(found, 2)).keys() == {1}
            return {"export"} if is_read else {"put", "create-only"}
        return {"Watch": {"watch"}, "Status": {"info", "open"}}.get(method, {method})

    async def watch(self, answer):
        await answer.send(answer.head() + answer.data(answer.body(header() + number(3, 1))))

    def answer(self, method, found):
        if method == "Range":
            return self.range(found), 0
        if method == "Txn":
            return self.transact(found), 0
        if method == "Status":
            return header() + piece(2, b"3.4.23") + number(3, 20480) + number(4, 8), 0
        if method == "Watch":
            return header() + number(3, 1), 0
        return b"", 12

    def range(self, found):
        start, end = first(found, 1).decode(), first(found, 2).decode()
        keys = [key for key in sorted(self.table)
                if (start <= key and (end in ("\0",) or key < end) if end else key == start)]
        values = (b"" if 8 in found else self.table[key] for key in keys)
        return range_answer(*map(entry, keys, values), revision=self.revision)

    def transact(self, found):
        for compare in map(fields, found.get(1, [])):
            key, end = first(compare, 3).decode(), first(compare, 64).decode()
            exists = any(key <= each < end if end else each == key for each in self.table)
            wants = first(compare, 1, 0) == 1  # GREATER
            if exists != wants:
                return header() + number(2, 0)
        replies = b""
        for operation in map(fields, found.get(2, [])):
            if 1 in operation:
                replies += piece(3, piece(1, self.range(fields(operation[1][0]))))
            elif 2 in operation:
                put = fields(operation[2][0])
                self.revision += 1
                self.table[first(put, 1).decode()] = first(put, 2)
                replies += piece(3, piece(2, header()))
            else:
                replies += piece(3, piece(3, header()))
        return header(self.revision) + number(2, 1) + replies

# ---- the connection --------------------------------------------------------------------------


@behaviour("get", 5, spoils="settings")
async def speaks_http_1(answer):
    await answer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


@behaviour("get", 5, spoils="settings")
async def closes_behind_the_preface(answer):
    answer.writer.transport.abort()


@behaviour("get", 5, spoils="settings")
async def says_nothing_to_the_preface(answer):
    await silence()


@behaviour("get", 5, spoils="settings")
async def settings_of_an_odd_length(answer):
    await answer.send(frame(SETTINGS, 0, 0, b"\0\3\0\0\0"))
    await silence()


@behaviour("get", 5, spoils="settings")
async def settings_allow_no_stream(answer):
    await answer.send(frame(SETTINGS, 0, 0, struct.pack(">HI", 3, 0)))
    await silence()


@behaviour("get", 5, spoils="settings")
async def settings_with_a_window_too_large(answer):
    await answer.send(frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 0xFFFFFFFF)))
    await silence()


@behaviour("get", 5, spoils="settings")
async def settings_without_end(answer):
    await endless(answer.writer, frame(SETTINGS, 0, 0, struct.pack(">HI", 3, 100)) * 500)


@behaviour("get", 5, spoils="settings")
async def noise_in_place_of_settings(answer):
    await answer.send(bytes(range(256)) * 100)
    await silence()


@behaviour("get", 5)
async def aborts_the_connection(answer):
    answer.writer.transport.abort()


@behaviour("get", 5)
async def says_nothing(answer):
    await silence()


@behaviour("get", 5)
async def goes_away_before_the_answer(answer):
    await answer.send(frame(GOAWAY, 0, 0, struct.pack(">II", 0, 0)))
    answer.writer.close()


@behaviour("get", 5)
async def goes_away_within_the_answer(answer):
    await answer.send(answer.head() + frame(GOAWAY, 0, 0, struct.pack(">II", 0, 11)))
    answer.writer.close()


@behaviour("get", 0, 5, out=VALUE)
async def goes_away_behind_the_answer(answer):
    await answer.send(answer.whole() + frame(GOAWAY, 0, 0, struct.pack(">II", answer.stream, 0)))
    answer.writer.close()


@behaviour("get", 5)
async def resets_the_stream(answer):
    await answer.send(frame(RESET, 0, answer.stream, struct.pack(">I", 2)))


@behaviour("get", 5)
async def refuses_the_stream(answer):
    await answer.send(frame(RESET, 0, answer.stream, struct.pack(">I", 7)))


@behaviour("get", 5)
async def resets_within_the_body(answer):
    await answer.send(answer.head() + answer.data(answer.body()[:9]) +
                      frame(RESET, 0, answer.stream, struct.pack(">I", 8)))


@behaviour("get", 5)
async def answers_on_a_stream_never_opened(answer):
    answer.stream += 40
    await answer.send()


@behaviour("get", 5)
async def answers_on_stream_zero(answer):
    answer.stream = 0
    await answer.send()


@behaviour("get", 5)
async def pushes_a_stream(answer):
    await answer.send(frame(PUSH, END_HEADERS, answer.stream, struct.pack(">I", 2) + STATUS_200))


@behaviour("get", 5)
async def a_frame_longer_than_allowed(answer):
    await answer.send(answer.head() + frame(DATA, 0, answer.stream, b"x" * 100, length=0xFFFFFF))


@behaviour("get", 5)
async def a_frame_that_never_comes_whole(answer):
    await answer.send(answer.head() + frame(DATA, 0, answer.stream, b"x", length=9000))


@behaviour("get", 0, 5, out=VALUE)
async def a_frame_of_an_unknown_kind(answer):
    await answer.send(frame(0xEE, 0xFF, answer.stream, b"?" * 50) + answer.whole())


@behaviour("get", 5)
async def padding_longer_than_the_frame(answer):
    await answer.send(answer.head() + frame(DATA, 8, answer.stream, b"\xff" + b"abc"))


@behaviour("get", 5)
async def data_before_the_headers(answer):
    await answer.send(answer.data(answer.body()) + answer.tail())


@behaviour("get", 5)
async def data_behind_the_end(answer):
    await answer.send(frame(HEADERS, END_HEADERS | END_STREAM, answer.stream, STATUS_200) +
                      answer.data(answer.body()))


@behaviour("get", 0, 5, out=VALUE)
async def a_window_update_of_zero(answer):
    await answer.send(frame(WINDOW, 0, answer.stream, struct.pack(">I", 0)) + answer.whole())


@behaviour("get", 0, 5, out=VALUE)
async def a_window_that_overflows(answer):
    await answer.send(frame(WINDOW, 0, 0, struct.pack(">I", 0x7FFFFFFF)) * 3 + answer.whole())


@behaviour("get", 5)
async def pings_without_end(answer):
    await endless(answer.writer, frame(PING, 0, 0, b"8 bytes.") * 500)


@behaviour("get", 5)
async def a_hundred_thousand_empty_frames(answer):
    """Not without end: libcurl 7.88 looks at its clock only when no more of them are waiting."""
    await answer.send(answer.head() + frame(DATA, 0, answer.stream) * 100_000)


# ---- headers ---------------------------------------------------------------------------------


@behaviour("get", 5)
async def header_index_out_of_the_table(answer):
    await answer.send(answer.head(b"\xff\xff\xff\xff\x0f"))


@behaviour("get", 5)
async def header_of_broken_huffman(answer):
    await answer.send(answer.head(b"\x00\x85\xff\xff\xff\xff\xff\x01a"))


@behaviour("get", 5)
async def header_longer_than_its_block(answer):
    await answer.send(answer.head(b"\x00\x7f\xff\x7fabc"))


@behaviour("get", 5)
async def header_of_a_megabyte(answer):
    await answer.send(answer.head(literal("x-long", "x" * 16000), 0) + b"".join(
        frame(MORE, 0, answer.stream, b"x" * 16000) for _ in range(70)))


@behaviour("get", 5)
async def continuations_without_end(answer):
    await answer.send(answer.head(STATUS_200, 0))
    await endless(answer.writer, frame(MORE, 0, answer.stream, literal("a", "b") * 500))


@behaviour("get", 5)
async def no_status_header(answer):
    await answer.send(answer.head(literal("content-type", "application/grpc")) +
                      answer.data(answer.body()) + answer.tail())


@behaviour("get", 5)
async def status_404_and_a_page(answer):
    await answer.send(answer.head(literal(":status", "404")) +
                      answer.data(b"<html>not here</html>", END_STREAM))


@behaviour("get", 5)
async def status_200_and_a_page(answer):
    await answer.send(answer.head(literal(":status", "200") + literal("content-type", "text/html")) +
                      answer.data(b"<html>welcome</html>", END_STREAM))


@behaviour("get", 5)
async def only_informational_headers(answer):
    await endless(answer.writer, answer.head(literal(":status", "103")) * 100)

# ---- trailers --------------------------------------------------------------------------------


@behaviour("get", 5)
async def no_trailers(answer):
    await answer.send(answer.head() + answer.data(answer.body(), END_STREAM))


@behaviour("get", 5)
async def trailers_without_a_status(answer):
    await answer.send(answer.head() + answer.data(answer.body()) + answer.tail(("x", "y")))


@behaviour("get", 5)
async def grpc_status_is_a_word(answer):
    await answer.send(answer.head() + answer.data(answer.body()) +
                      answer.tail(("grpc-status", "fine")))


@behaviour("get", 5)
async def grpc_status_is_empty(answer):
    await answer.send(answer.head() + answer.data(answer.body()) + answer.tail(("grpc-status", "")))


@behaviour("get", 5)
async def grpc_status_overflows_to_zero(answer):
    await answer.send(answer.head() + answer.data(answer.body()) +
                      answer.tail(("grpc-status", str(1 << 64))))


@behaviour("get", 5)
async def grpc_status_is_negative(answer):
    await answer.send(answer.head() + answer.data(answer.body()) + answer.tail(("grpc-status", "-1")))


@behaviour("get", 5)
async def grpc_status_of_the_future(answer):
    answer.status = 4711
    await answer.send()


@behaviour("get", 8)
async def denied(answer):
    answer.status = 7
    await answer.send()


@behaviour("get", 5)
async def unavailable_for_ever(answer):
    answer.status = 14
    await answer.send()


@behaviour("get", 5)
async def a_message_of_half_a_megabyte_of_percent(answer):
    await answer.send(answer.head() + answer.tail(("grpc-status", "14"),
                                                  ("grpc-message", "%" * 16000)))


@behaviour("get", 5)
async def done_without_a_message(answer):
    await answer.send(answer.head() + answer.tail())

# ---- gRPC's own frame ----------------------------------------------------------------------------


@behaviour("get", 5)
async def the_message_is_compressed(answer):
    await answer.send(answer.head() + answer.data(answer.body(flag=1)) + answer.tail())


@behaviour("get", 5)
async def the_message_is_cut(answer):
    await answer.send(answer.head() + answer.data(answer.body()[:-4]) + answer.tail())


@behaviour("get", 5)
async def the_length_is_too_long(answer):
    await answer.send(answer.head() + answer.data(answer.body(length=0xFFFFFFFF)) + answer.tail())


@behaviour("get", 5)
async def the_length_is_too_short(answer):
    await answer.send(answer.head() + answer.data(answer.body(length=6)) + answer.tail())


@behaviour("get", 5)
async def two_messages(answer):
    await answer.send(answer.head() + answer.data(answer.body() * 2) + answer.tail())


@behaviour("get", 5)
async def three_bytes_of_a_frame(answer):
    await answer.send(answer.head() + answer.data(b"\0\0\0") + answer.tail())


@behaviour("get", 5, 10)
async def a_body_without_end(answer):
    await answer.send(answer.head())
    await endless(answer.writer, answer.data(b"\0" * 65536))


@behaviour("get", 5)
async def drips_slower_than_the_deadline(answer):
    await drip(answer.writer, answer.whole(), 0.05)

# ---- protobuf ------------------------------------------------------------------------------------


@behaviour("get", 5)
async def an_empty_message(answer):
    await answer.say(b"")


@behaviour("get", 5)
async def noise(answer):
    await answer.say(bytes(range(1, 250)))


@behaviour("get", 5)
async def no_header(answer):
    await answer.say(piece(2, HONEST) + number(4, 1))


@behaviour("list", 5)
async def no_header_of_a_list(answer):
    await answer.say(piece(2, HONEST) + number(4, 1))


@behaviour("get", 5)
async def a_varint_that_never_ends(answer):
    await answer.say(header() + b"\x20" + b"\xff" * 100)


@behaviour("get", 5)
async def a_field_longer_than_the_message(answer):
    await answer.say(header() + b"\x12\xff\xff\xff\xff\x07abc")


@behaviour("get", 5)
async def a_field_of_2_to_the_63(answer):
    await answer.say(header() + b"\x12" + varint(1 << 63) + b"abc")


@behaviour("get", 0, 5, out=VALUE)
async def ten_thousand_unknown_fields(answer):
    await answer.say(range_answer(HONEST) + b"".join(number(900 + n, n) for n in range(10000)))


@behaviour("get", 5)
async def groups_of_old(answer):
    await answer.say(header() + b"\x13" * 1000)


@behaviour("get", 5)
async def field_number_zero(answer):
    await answer.say(header() + b"\x00\x01" + piece(2, HONEST))


@behaviour("get", 5)
async def another_key(answer):
    await answer.say(range_answer(entry("hostile/b", b"2")))


@behaviour("get", 5)
async def an_empty_key(answer):
    await answer.say(range_answer(entry("", b"2")))


@behaviour("get", 5)
async def two_entries_for_one_key(answer):
    await answer.say(range_answer(HONEST, entry(KEY, b"other")))


@behaviour("get", 5)
async def a_negative_revision(answer):
    await answer.say(range_answer(entry(KEY, b"x", revision=-5)))


@behaviour("get", 5)
async def a_revision_of_zero(answer):
    await answer.say(range_answer(entry(KEY, b"x", revision=0)))


@behaviour("get", 5)
async def the_key_is_a_number(answer):
    await answer.say(header() + piece(2, number(1, 5)))


@behaviour("get", 5, 10)
async def two_million_empty_entries(answer):
    await answer.say(header() + b"\x12\x00" * 2_000_000)


@behaviour("list", 5)
async def a_key_of_another_tree(answer):
    await spoil_list(answer, entry("elsewhere/x", b"y"))


@behaviour("list", 5)
async def a_key_shorter_than_the_root(answer):
    await spoil_list(answer, entry("h", b"y"))


@behaviour("list", 5)
async def a_key_twice(answer):
    await spoil_list(answer, entry("hostile/a/x", b"1"), entry("hostile/a/x", b"2"))


@behaviour("list", 5)
async def a_list_out_of_order(answer):
    await spoil_list(answer, entry("hostile/a/z", b"1"), entry("hostile/a/b", b"2"))


async def spoil_list(answer, *entries):
    await answer.say(range_answer(*entries))


@behaviour("export", 5)
async def a_transaction_with_a_key_of_another_tree(answer):
    await spoil_transaction(answer, entry("elsewhere/x", b"y"))


@behaviour("export", 5)
async def a_transaction_with_a_key_twice(answer):
    await spoil_transaction(answer, entry("hostile/a/x", b"1"), entry("hostile/a/x", b"2"))


async def spoil_transaction(answer, *entries):
    """The last of its reads is the list."""
    reads = [piece(3, each) for each in fields(answer.message)[3][:-1]]
    await answer.say(header() + number(2, 1) + b"".join(reads) +
                     piece(3, piece(1, range_answer(*entries))))


@behaviour("instances", 5)
async def pages_that_never_end(answer):
    await answer.say(range_answer(entry("hostile/_confreg/v1/c/.keep", b""), more=True))


@behaviour("instances", 5)
async def more_and_nothing(answer):
    await answer.say(range_answer(more=True))


@behaviour("export", 5)
async def a_read_is_answered_by_a_put(answer):
    await answer.say(header() + number(2, 1) + piece(3, piece(2, header())) * 2)


@behaviour("export", 5)
async def fewer_answers_than_reads(answer):
    await answer.say(header() + number(2, 1))

# ---- writes ----------------------------------------------------------------------------------------


@behaviour("put", 6)
async def put_is_done_and_said_to_be_nothing(answer):
    await answer.say(b"")


@behaviour("put", 6)
async def put_is_done_without_trailers(answer):
    await answer.send(answer.head() + answer.data(answer.body(), END_STREAM))


@behaviour("put", 6)
async def put_is_done_and_the_stream_reset(answer):
    await answer.send(frame(RESET, 0, answer.stream, struct.pack(">I", 2)))


@behaviour("put", 6)
async def put_is_done_and_the_connection_gone(answer):
    answer.writer.transport.abort()


@behaviour("put", 6)
async def put_is_done_and_nothing_said(answer):
    await silence()


@behaviour("put", 6)
async def put_is_done_and_noise_said(answer):
    await answer.say(b"\xff" * 40)


@behaviour("put", 6)
async def put_is_done_and_said_to_be_aborted(answer):
    answer.status = 10
    await answer.send()


@behaviour("put", 6)
async def put_is_done_and_a_leader_lost(answer):
    answer.status = 14
    await answer.send()


@behaviour("put", 6)
async def put_is_done_without_a_header(answer):
    await answer.say(number(2, 1))


@behaviour("create-only", 6)
async def create_is_done_without_a_header_or_word(answer):
    await answer.say(number(3, 0))


@behaviour("create-only", 6)
async def create_is_done_and_goes_away(answer):
    await answer.send(frame(GOAWAY, 0, 0, struct.pack(">II", answer.stream, 0)))
    answer.writer.close()


# ---- watching, facts, opening ----------------------------------------------------------------------


@behaviour("watch", 0, 5)
async def a_watch_of_noise(answer):
    await answer.send(answer.head() + answer.data(answer.body(b"\xff" * 30)))


@behaviour("watch", 0, 5)
async def a_watch_that_tells_of_keys_never_asked(answer):
    event = piece(11, number(1, 0) + piece(2, entry("elsewhere", b"x")))
    await answer.send(answer.head() + answer.data(answer.body(header(90) + event)) * 3)


@behaviour("watch", 0, 5)
async def a_watch_that_is_compacted_for_ever(answer):
    await answer.send(answer.head() + answer.data(answer.body(
        header() + number(4, 1) + number(5, 39))))


@behaviour("watch", 0, 5)
async def a_watch_that_is_refused_for_ever(answer):
    await answer.send(answer.head() + answer.data(answer.body(header() + number(4, 1))))


@behaviour("watch", 0, 5)
async def a_watch_with_a_lying_length(answer):
    await answer.send(answer.head() + answer.data(b"\0\xff\xff\xff\xff" + b"x" * 100))


@behaviour("watch", 0, 5)
async def a_watch_that_breaks_off(answer):
    await answer.send(answer.head())
    answer.writer.transport.abort()


@behaviour("watch", 0, 5)
async def events_of_revision_zero(answer):
    await answer.send(answer.head() + answer.data(answer.body(header(0) + piece(11, b""))) * 100)


@behaviour("info", 0, 5)
async def the_version_is_no_utf8(answer):
    await answer.say(header() + piece(2, b"\xff\xfe") + number(3, -1))


@behaviour("info", 0, 10)
async def the_version_is_a_megabyte(answer):
    await answer.say(header() + piece(2, b"3" * 1_000_000))


@behaviour("get", 5, spoils="open")
async def opening_is_noise(answer):
    await answer.say(b"\xff" * 20)


@behaviour("get", 5, spoils="open")
async def opening_has_no_trailers(answer):
    await answer.send(answer.head() + answer.data(answer.body(), END_STREAM))


def cut_rows():
    """The honest answer, closed after each of its bytes: all in the long tier, else some."""
    rows = Table()
    for at in range(0, 220, 1 if LONG else 40):
        async def cut(answer, at=at):
            whole = answer.whole()
            await answer.send(whole[:at])
            if at < len(whole):
                await asyncio.sleep(0)
                answer.writer.close()
        cut.__name__ = "closed_after_%d_bytes" % at
        rows.behaviour("get", 0, 5, out=VALUE)(cut)
    return rows
