# SPDX-License-Identifier: MIT
"""Consul's HTTP API as far as the commands need it, and servers that only look like it."""
import asyncio
import base64
import json
import urllib.parse

from hostile import KEY, LONG, VALUE, Server, Table, drip, endless, send, silence

ROWS = Table()
behaviour = ROWS.behaviour
BIG = 10 ** 30


class Answer:
    """What the honest server would say; and the line to say it on."""

    def __init__(self, server, writer, status, headers, body):
        self.server, self.writer = server, writer
        self.status, self.headers, self.body = status, headers, body

    def whole(self, length=None):
        head = ["HTTP/1.1 %s" % self.status]
        head += ["%s: %s" % pair for pair in self.headers]
        head.append("Content-Length: %s" % (len(self.body) if length is None else length))
        return "\r\n".join(head).encode() + b"\r\n\r\n" + self.body

    async def send(self, data=None):
        await send(self.writer, self.whole() if data is None else data)

    async def json(self, value):
        self.body = value if isinstance(value, bytes) else json.dumps(value).encode()
        await self.send()


class Consul(Server):
    def __init__(self, row):
        super().__init__(row)
        self.index = 10
        self.indexes = dict.fromkeys(self.table, 10)

    async def talk(self, reader, writer):
        while self.is_open:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            method, target, _ = head.split("\r\n")[0].split(" ")
            length = [int(line.split(":")[1]) for line in head.split("\r\n")
                      if line.lower().startswith("content-length:")]
            body = await reader.readexactly(length[0]) if length else b""
            split = urllib.parse.urlsplit(target)
            path = urllib.parse.unquote(split.path)
            query = dict(urllib.parse.parse_qsl(split.query, keep_blank_values=True))
            kind = self.kind_of(method, path, query, body)
            status, value = await self.answer(kind, path, query, body)
            answer = Answer(self, writer, status,
                            [("Content-Type", "application/json"),
                             ("X-Consul-Index", str(self.index))],
                            b"" if value is None else json.dumps(value).encode())
            if (self.row.spoils or self.row.command) in kind:
                self.was_met = True
                await self.row.function(answer)
            else:
                await answer.send()

    @staticmethod
    def kind_of(method, path, query, body):
        """Which commands send it, so that most rows need not say what they spoil."""
        if path == "/v1/txn":
            return {"put", "create-only"} if b'"set"' in body else {"export"}
        if path.startswith("/v1/kv/"):
            if method == "PUT":
                return {"put"}
            if "index" in query:
                return {"watch"}
            if "recurse" in query or "keys" in query:
                return {"list", "instances"}
            return {"open"} if path.endswith("/_") else {"get"}
        return {"info"}

    def entry(self, key):
        value = self.table[key]
        return {"LockIndex": 0, "Key": key, "Flags": 0,
                "Value": base64.b64encode(value).decode() if value else None,
                "CreateIndex": 5, "ModifyIndex": self.indexes[key]}

    def below(self, prefix):
        return [self.entry(key) for key in sorted(self.table) if key.startswith(prefix)]

    async def answer(self, kind, path, query, body):
        if path == "/v1/txn":
            return self.transact(json.loads(body))
        if path.startswith("/v1/kv/"):
            key = path[len("/v1/kv/"):]
            if "put" in kind:
                self.put(key, body)
                return "200 OK", True
            if "index" in query:
                await asyncio.sleep(0.3)
            if "recurse" in query:
                found = self.below(key)
            elif "keys" in query:
                found = sorted({entry["Key"] for entry in self.below(key)})
            else:
                found = [self.entry(key)] if key in self.table else []
            return ("200 OK", found) if found else ("404 Not Found", None)
        if path == "/v1/agent/self":
            return "200 OK", {"Config": {"Version": "1.8.7"}}
        if path == "/v1/status/leader":
            return "200 OK", "127.0.0.1:8300"
        return "200 OK", True

    def put(self, key, value):
        self.index += 1
        self.table[key] = value
        self.indexes[key] = self.index

    def transact(self, operations):
        results, errors, puts = [], [], []
        for at, operation in enumerate(operations):
            verb, key = operation["KV"]["Verb"], operation["KV"]["Key"]
            if verb == "get-tree":
                results += [{"KV": entry} for entry in self.below(key)]
            elif verb == "check-not-exists" and key in self.table:
                errors.append({"OpIndex": at, "What": "key exists"})
            elif verb == "get" and key not in self.table:
                errors.append({"OpIndex": at, "What": "key doesn't exist"})
            elif verb == "get":
                results.append({"KV": self.entry(key)})
            elif verb == "check-index" and self.indexes.get(key, 0) != operation["KV"]["Index"]:
                errors.append({"OpIndex": at, "What": "index is stale"})
            elif verb == "set":
                puts.append((key, base64.b64decode(operation["KV"].get("Value") or "")))
        if errors:
            return "409 Conflict", {"Results": None, "Errors": errors}
        for key, value in puts:
            self.put(key, value)
            results.append({"KV": {**self.entry(key), "Value": None}})
        return "200 OK", {"Results": results, "Errors": None}

# ---- the connection ------------------------------------------------------------------------


@behaviour("get", 5)
async def closes_without_an_answer(answer):
    answer.writer.transport.abort()


@behaviour("get", 5)
async def says_nothing(answer):
    await silence()


@behaviour("get", 5)
async def drips_slower_than_the_deadline(answer):
    await drip(answer.writer, answer.whole(), 0.05)


@behaviour("get", 0, out=VALUE)
async def drips_fast_enough(answer):
    await drip(answer.writer, answer.whole(), 0.001, piece=16)


@behaviour("get", 5)
async def ends_within_the_status_line(answer):
    await answer.send(b"HTTP/1.1 20")
    answer.writer.close()


@behaviour("get", 5)
async def ends_within_the_headers(answer):
    await answer.send(answer.whole()[:40])
    answer.writer.close()


@behaviour("get", 5)
async def ends_within_the_body(answer):
    await answer.send(answer.whole()[:-20])
    answer.writer.close()


@behaviour("get", 5)
async def speaks_another_protocol(answer):
    await answer.send(b"220 mail.example ESMTP\r\n")


@behaviour("get", 5)
async def sends_noise(answer):
    await answer.send(bytes(range(256)) * 64)
    answer.writer.close()


@behaviour("get", 5, is_long=True)
async def sends_only_informational_answers(answer):
    await endless(answer.writer, b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


@behaviour("get", 5)
async def switches_protocols(answer):
    await answer.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                      b"Connection: upgrade\r\n\r\n")
    await silence()

# ---- HTTP ----------------------------------------------------------------------------------


@behaviour("get", 5)
async def content_length_is_too_long(answer):
    await answer.send(answer.whole(length=10 ** 9))


@behaviour("get", 5)
async def content_length_is_too_short(answer):
    await answer.send(answer.whole(length=7))


@behaviour("get", 5)
async def content_length_is_negative(answer):
    await answer.send(answer.whole(length=-1))


@behaviour("get", 5)
async def content_length_overflows(answer):
    await answer.send(answer.whole(length=BIG))


@behaviour("get", 0, 5)
async def content_length_is_a_word(answer):
    await answer.send(answer.whole(length="many"))
    answer.writer.close()


@behaviour("get", 5)
async def content_lengths_disagree(answer):
    whole = answer.whole().replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n", 1)
    await answer.send(whole)
    answer.writer.close()


@behaviour("get", 5, 10)
async def body_never_ends(answer):
    await answer.send(b"HTTP/1.1 200 OK\r\n\r\n[")
    await endless(answer.writer, b" " * (1 << 20))


@behaviour("get", 5, 10, is_long=True)
async def chunks_never_end(answer):
    await answer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    await endless(answer.writer, b"10000\r\n" + b" " * 65536 + b"\r\n")


@behaviour("get", 5)
async def a_chunk_has_no_size(answer):
    await answer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n[]\r\n")


@behaviour("get", 5)
async def a_chunk_is_too_large_to_be(answer):
    await answer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                      b"ffffffffffffffffff\r\n[]\r\n")


@behaviour("get", 5)
async def the_last_chunk_is_missing(answer):
    await answer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n")
    answer.writer.close()


@behaviour("get", 5)
async def a_header_of_ten_megabytes(answer):
    await answer.send(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 10_000_000 + b"\r\n\r\n[]")


@behaviour("get", 5)
async def headers_never_end(answer):
    await answer.send(b"HTTP/1.1 200 OK\r\n")
    await endless(answer.writer, b"X-More: and more\r\n" * 1000)


@behaviour("get", 0, 5)
async def a_header_holds_a_nul(answer):
    answer.headers.append(("X-Nul", "a\0b"))
    await answer.send()


@behaviour("get", 5)
async def redirects_to_a_file(answer):
    answer.status = "302 Found"
    answer.headers.append(("Location", "file:///etc/passwd"))
    await answer.send()


@behaviour("get", 5)
async def redirects_to_itself(answer):
    answer.status = "307 Temporary Redirect"
    answer.headers.append(("Location", "/v1/kv/" + KEY))
    await answer.send()


@behaviour("get", 5)
async def body_is_said_to_be_compressed(answer):
    answer.headers.append(("Content-Encoding", "gzip"))
    answer.body = b"\x1f\x8b\x08\x00garbage"
    await answer.send()


@behaviour("get", 8)
async def wants_a_password(answer):
    answer.status = "401 Unauthorized"
    answer.headers.append(("WWW-Authenticate", "Basic"))
    await answer.send()


@behaviour("get", 5)
async def is_out_of_order_for_ever(answer):
    answer.status, answer.body = "500 Internal Server Error", b"No cluster leader"
    await answer.send()


@behaviour("get", 5)
async def limits_the_rate(answer):
    answer.status, answer.body = "429 Too Many Requests", b"slow down"
    await answer.send()


@behaviour("get", 5)
async def status_is_999(answer):
    answer.status = "999 Strange"
    await answer.send()


@behaviour("get", 5)
async def status_is_204(answer):
    await answer.send(b"HTTP/1.1 204 No Content\r\n\r\n")


@behaviour("get", 5)
async def not_found_by_some_other_server(answer):
    """A proxy's page is no proof that the key does not exist."""
    await answer.send(b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n"
                      b"Content-Length: 20\r\n\r\n<h1>no such page</h1")


@behaviour("list", 5)
async def no_list_by_some_other_server(answer):
    await answer.send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

# ---- JSON ----------------------------------------------------------------------------------


@behaviour("get", 5)
async def body_is_html(answer):
    await answer.json(b"<html><body>Welcome to the hotel</body></html>")


@behaviour("get", 5)
async def body_is_empty(answer):
    await answer.json(b"")


@behaviour("get", 5)
async def body_is_an_object(answer):
    await answer.json({"Key": KEY})


@behaviour("get", 5)
async def body_is_null(answer):
    await answer.json(None)


@behaviour("get", 5)
async def body_is_cut_in_the_json(answer):
    await answer.json(answer.body[:-3])


@behaviour("get", 5)
async def body_goes_on_behind_the_json(answer):
    await answer.json(answer.body + b"[]")


@behaviour("get", 5)
async def nested_a_million_deep(answer):
    await answer.json(b"[" * 1_000_000)


@behaviour("get", 5)
async def no_utf8(answer):
    await answer.json(answer.body.replace(b"hostile", b"\xff\xfe\xff\xfe"))


@behaviour("get", 5)
async def a_found_key_without_entries(answer):
    await answer.json([])


def entries(**changes):
    """A behaviour's body: the honest entry with members changed or taken away (None)."""
    entry = {"LockIndex": 0, "Key": KEY, "Flags": 0, "CreateIndex": 5, "ModifyIndex": 10,
             "Value": base64.b64encode(VALUE.encode()).decode(), **changes}
    return [{name: value for name, value in entry.items() if value is not ...}]


@behaviour("get", 5)
async def value_is_not_base64(answer):
    await answer.json(entries(Value="***not base64***"))


@behaviour("get", 5)
async def value_is_cut_base64(answer):
    await answer.json(entries(Value="dGhlIGhvbm"))


@behaviour("get", 5)
async def value_is_only_padding(answer):
    await answer.json(entries(Value="===="))


@behaviour("get", 5)
async def value_has_too_much_padding(answer):
    await answer.json(entries(Value="QQ======"))


@behaviour("get", 5)
async def value_is_a_number(answer):
    await answer.json(entries(Value=12))


@behaviour("get", 5)
async def value_is_an_object(answer):
    await answer.json(entries(Value={"a": 1}))


@behaviour("get", 5)
async def value_is_missing(answer):
    await answer.json(entries(Value=...))


@behaviour("get", 5)
async def key_is_missing(answer):
    await answer.json(entries(Key=...))


@behaviour("get", 5)
async def key_is_a_number(answer):
    await answer.json(entries(Key=7))


@behaviour("get", 5)
async def key_is_another_one(answer):
    await answer.json(entries(Key="hostile/b"))


@behaviour("get", 5)
async def key_is_empty(answer):
    await answer.json(entries(Key=""))


@behaviour("get", 5)
async def index_is_negative(answer):
    await answer.json(entries(ModifyIndex=-1))


@behaviour("get", 5)
async def index_is_a_text(answer):
    await answer.json(entries(ModifyIndex="10"))


@behaviour("get", 5)
async def index_is_too_large(answer):
    await answer.json(entries(ModifyIndex=BIG))


@behaviour("get", 5)
async def index_is_zero(answer):
    await answer.json(entries(ModifyIndex=0))


@behaviour("get", 5)
async def two_entries_for_one_key(answer):
    await answer.json(entries() + entries(Value="b3RoZXI="))


@behaviour("get", 5)
async def an_entry_is_a_number(answer):
    await answer.json([1, 2, 3])


@behaviour("list", 5)
async def a_key_of_another_tree(answer):
    await answer.json(json.loads(answer.body) + entries(Key="elsewhere/x"))


@behaviour("list", 5)
async def a_key_shorter_than_the_root(answer):
    await answer.json(entries(Key="h") + json.loads(answer.body))


@behaviour("list", 5)
async def a_key_twice(answer):
    await answer.json(json.loads(answer.body) * 2)


@behaviour("list", 5)
async def ten_thousand_wrong_keys(answer):
    await answer.json(entries(Key="../../etc/passwd") * 10000)


@behaviour("list", 0, 5)
async def a_key_of_a_megabyte(answer):
    await answer.json(entries(Key="hostile/a/" + "k" * 1_000_000))


@behaviour("list", 0, 5, is_long=True)
async def half_a_million_keys(answer):
    await answer.json(b"[" + b",".join(
        b'{"Key":"hostile/a/%07d","ModifyIndex":10,"Value":null}' % n for n in range(500000)) + b"]")


@behaviour("list", 5)
async def keys_with_the_same_member_twice(answer):
    await answer.json(b'[{"Key":"hostile/a/x","Key":"hostile/a/y","ModifyIndex":1,"Value":7}]')


@behaviour("list", 0, 5)
async def the_index_header_is_a_word(answer):
    answer.headers[1] = ("X-Consul-Index", "yesterday")
    await answer.send()


@behaviour("export", 5)
async def a_transaction_with_a_key_of_another_tree(answer):
    value = json.loads(answer.body)
    value["Results"].append({"KV": entries(Key="elsewhere/x")[0]})
    await answer.json(value)


@behaviour("export", 5)
async def a_transaction_with_a_key_twice(answer):
    value = json.loads(answer.body)
    value["Results"] *= 2
    await answer.json(value)


@behaviour("export", 5)
async def a_transaction_with_results_of_another_kind(answer):
    await answer.json({"Results": {"KV": 1}, "Errors": None})


@behaviour("export", 4, 5)
async def a_transaction_refused_for_ever(answer):
    answer.status = "409 Conflict"
    await answer.json({"Results": None, "Errors": [{"OpIndex": 0, "What": "no"}]})


@behaviour("instances", 0, 5, 9, out="")
async def books_that_hold_noise(answer):
    await answer.json([{"Key": "hostile/_confreg/v1/c/u,p,1,1", "ModifyIndex": 9, "Value": "AAAA"}])

# ---- writes --------------------------------------------------------------------------------


@behaviour("put", 6)
async def put_is_answered_by_a_page(answer):
    await answer.json(b"<html>please log in</html>")


@behaviour("put", 6)
async def put_is_answered_by_nothing(answer):
    await answer.json(b"")


@behaviour("put", 4, 5, 6)
async def put_is_answered_false_and_done(answer):
    del answer.server.table["hostile/written"]
    await answer.json(b"false")


@behaviour("put", 6)
async def put_is_lost_on_the_way_back(answer):
    answer.writer.transport.abort()


@behaviour("put", 6)
async def put_is_answered_too_late(answer):
    await silence()


@behaviour("put", 6)
async def put_fails_and_is_done(answer):
    answer.status, answer.body = "500 Internal Server Error", b"rpc error: EOF"
    await answer.send()


@behaviour("put", 6)
async def put_is_redirected(answer):
    answer.status = "301 Moved Permanently"
    answer.headers.append(("Location", "http://127.0.0.1:1/"))
    await answer.send()


@behaviour("create-only", 6)
async def transaction_without_results(answer):
    await answer.json({"Errors": None})


@behaviour("create-only", 6)
async def transaction_done_with_errors(answer):
    await answer.json({"Results": [], "Errors": [{"OpIndex": 0, "What": "hm"}]})


@behaviour("create-only", 6)
async def transaction_answered_by_a_list(answer):
    await answer.json([])


@behaviour("create-only", 6)
async def refusal_without_reasons(answer):
    answer.status = "409 Conflict"
    await answer.json({"Errors": []})


@behaviour("create-only", 6)
async def refusal_that_is_a_page(answer):
    answer.status = "409 Conflict"
    await answer.json(b"<html>edit conflict</html>")


@behaviour("create-only", 6)
async def refusal_of_wrong_types(answer):
    answer.status = "409 Conflict"
    await answer.json({"Errors": [{"OpIndex": "first", "What": 7}]})


@behaviour("create-only", 4, 6)
async def refusal_of_an_operation_that_is_not_there(answer):
    answer.server.table.pop("hostile/written")
    answer.status = "409 Conflict"
    await answer.json({"Errors": [{"OpIndex": 4711, "What": "no"}]})

# ---- watching, facts, opening ----------------------------------------------------------------


@behaviour("watch", 0, 5)
async def the_index_goes_backwards(answer):
    answer.headers[1] = ("X-Consul-Index", "1")
    await answer.send()


@behaviour("watch", 0, 5)
async def the_index_is_enormous(answer):
    answer.headers[1] = ("X-Consul-Index", str(BIG))
    await answer.send()


@behaviour("watch", 0, 5)
async def woken_all_the_time(answer):
    answer.server.index += 1
    answer.headers[1] = ("X-Consul-Index", str(answer.server.index))
    await answer.send()


@behaviour("watch", 0, 5)
async def a_wait_that_is_reset(answer):
    answer.writer.transport.abort()


@behaviour("info", 5)
async def version_is_an_object(answer):
    await answer.json({"Config": {"Version": {}}})


@behaviour("info", 0, 5)
async def version_of_a_megabyte(answer):
    await answer.json({"Config": {"Version": "1" * 1_000_000}})


@behaviour("info", 0, 5)
async def version_with_control_bytes(answer):
    await answer.json({"Config": {"Version": "1.8\x1b[2J\r\nleader: me"}})


@behaviour("get", 5, spoils="open")
async def opening_is_answered_by_a_page(answer):
    answer.status = "200 OK"
    await answer.json(b"<html>hello</html>")


@behaviour("get", 5, spoils="open")
async def opening_fails(answer):
    answer.status = "503 Service Unavailable"
    await answer.send()


def cut_rows():
    """The honest answer, closed after each of its bytes: all in the long tier, else some."""
    rows = Table()
    for at in range(0, 320, 1 if LONG else 40):
        async def cut(answer, at=at):
            whole = answer.whole()
            await answer.send(whole[:at])
            if at < len(whole):
                answer.writer.close()
        cut.__name__ = "closed_after_%d_bytes" % at
        rows.behaviour("get", 0, 5, out=VALUE)(cut)
    return rows
