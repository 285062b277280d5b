# SPDX-License-Identifier: MIT
"""
Who may do what on servers that ask: tokens, users, roles, ACLs, certificates.

Denied is told apart from absent (exit codes 8 and 3), what a server or its client cannot do is
refused in clear words, and no run of the command prints a secret: run() looks for every secret
of this file in everything that the command says, with CONFREG_TRACE=store as well.

CONFREG is the program, CONFREG_TEST_KIND the server (consul or etcd) of the tests of TLS, which
ZooKeeper's packaged client does not speak. Choose by name: -k "consul or tls", -k "etcd or tls",
-k zookeeper.
"""
import base64
import contextlib
import json
import os
import subprocess
import time
import urllib.error
import urllib.request
import uuid

import pytest

import services

PROGRAM = os.environ.get("CONFREG", "confreg")
KIND = os.environ.get("CONFREG_TEST_KIND", "etcd")
MASTER = str(uuid.uuid4())
PASSWORD = "a-password-that-nobody-prints"
OTHER_PASSWORD = "another-password-of-nobody"
SECRETS = {MASTER, PASSWORD, OTHER_PASSWORD, base64.b64encode(PASSWORD.encode()).decode()}
NAMES = ("PATH", "HOME", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")


traced = set()


def run(url, *words, code=0, timeout=60, **environment):
    """Run the command; its output must hold no secret. Once for each kind of call and end, also
    with a trace of the store."""
    kind = (words[:2], code, tuple(sorted(environment)))
    traces = [{}] if kind in traced else [{}, {"CONFREG_TRACE": "store"}]
    traced.add(kind)
    for trace in traces:
        result = subprocess.run(
            [PROGRAM, *words], capture_output=True, text=True, check=False, timeout=timeout,
            env={**{name: os.environ[name] for name in NAMES if name in os.environ},
                 "CONFREG_STORE": url, **trace, **environment})
        said = result.stdout + result.stderr
        assert not [secret for secret in SECRETS if secret in said], (words, trace)
        assert code is None or result.returncode == code, (words, result.returncode, said)
        if trace:
            assert code == 2 or "confreg store: open" in said, said
    return result


def secret_file(folder, text, mode=0o600):
    file = folder / "secret"
    file.write_text(text + "\n")
    file.chmod(mode)
    return str(file)


def call(url, document=None, token=None, method=None):
    data = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(url, data=data, method=method)
    if token:
        request.add_header("X-Consul-Token", token)
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.loads(answer.read() or b"null")


# ---- Consul: ACLs, namespaces, datacenters ------------------------------------------------------


class ConsulWithAcl(services.Consul):
    """Everything is denied that a token does not allow."""

    def command(self, index):
        command, environment = super().command(index)
        file = self.node_folder(index) / "consul.json"
        settings = json.loads(file.read_text())
        settings["acl"] = {"enabled": True, "default_policy": "deny", "tokens": {"master": MASTER}}
        file.write_text(json.dumps(settings))
        return command, environment

    def is_ready(self):
        try:
            call(self.http("/v1/acl/token/self"), token=MASTER)
        except urllib.error.HTTPError:
            return False
        return True

    def http(self, path):
        return "http://127.0.0.1:%d%s" % (self.ports[0][0], path)

    def make_token(self, name, rules):
        call(self.http("/v1/acl/policy"), {"Name": name, "Rules": rules}, MASTER, "PUT")
        made = call(self.http("/v1/acl/token"), {"Policies": [{"Name": name}]}, MASTER, "PUT")
        SECRETS.add(made["SecretID"])
        return made["SecretID"]


@pytest.fixture(scope="module")
def consul():
    with ConsulWithAcl(1) as service:
        service.writer = service.make_token(
            "writer", 'key_prefix "mine/" {policy = "write"} session_prefix "" {policy = "write"}')
        service.reader = service.make_token("reader", 'key_prefix "mine/" {policy = "read"}')
        service.stranger = service.make_token("stranger", 'key_prefix "yours/" {policy = "write"}')
        service.part = service.make_token("part", 'key_prefix "mine/open/" {policy = "write"}')
        run(service.url + "/mine", "kv", "put", "there", "1", "-q", CONSUL_HTTP_TOKEN=service.writer)
        run(service.url + "/mine", "kv", "put", "open/a", "1", "-q", CONSUL_HTTP_TOKEN=service.writer)
        yield service


def test_consul__a_token_that_may_do_everything(consul, tmp_path):
    url = consul.url + "/mine"
    (tmp_path / "body").write_text(
        '{"a": 1{% for n in range(100) %}, "k{{ n }}": 1{% endfor %}}')
    run(url, "template", "register", "t", "1", "--file", str(tmp_path / "body"), "--replace", "-q",
        CONSUL_HTTP_TOKEN=consul.writer)
    # A session, pieces, the record: all of it under the token.
    run(url, "instance", "create", "bob", "t", "1", "-q", CONSUL_HTTP_TOKEN=consul.writer)
    run(url, "instance", "tree", "bob/t/1/1", CONSUL_HTTP_TOKEN=consul.writer)
    run(url, "store", "info", CONSUL_HTTP_TOKEN=consul.writer)


def test_consul__a_token_from_a_file_of_its_owner_only(consul, tmp_path):
    file = secret_file(tmp_path, consul.writer)
    run(consul.url + "/mine?token_file=" + file, "kv", "get", "there")
    run(consul.url + "/mine", "kv", "get", "there", CONSUL_HTTP_TOKEN_FILE=file)
    file = secret_file(tmp_path, consul.writer, 0o644)
    denied = run(consul.url + "/mine?token_file=" + file, "kv", "get", "there", code=8)
    assert "chmod 600" in denied.stderr


def test_consul__a_read_only_token_reads_and_is_denied_writing(consul):
    url = consul.url + "/mine"
    run(url, "kv", "get", "there", CONSUL_HTTP_TOKEN=consul.reader)
    run(url, "kv", "get", "absent", code=3, CONSUL_HTTP_TOKEN=consul.reader)
    run(url, "kv", "put", "there", "2", code=8, CONSUL_HTTP_TOKEN=consul.reader)
    run(url, "kv", "rm", "there", code=8, CONSUL_HTTP_TOKEN=consul.reader)
    assert run(url, "kv", "get", "there", CONSUL_HTTP_TOKEN=consul.reader).stdout.strip() == "1"
    assert run(url, "kv", "list", "empty", CONSUL_HTTP_TOKEN=consul.reader).stdout == ""


@pytest.mark.parametrize("who", ["stranger", "nobody", "wrong"])
def test_consul__denied_is_not_absent(consul, who):
    url = consul.url + "/mine"
    token = {"stranger": consul.stranger, "nobody": "", "wrong": OTHER_PASSWORD}[who]
    for words in (("kv", "get", "there"), ("kv", "get", "absent"), ("kv", "list"),
                  ("kv", "put", "there", "2"), ("instance", "list"), ("template", "list"),
                  ("instance", "show", "bob/t/1/1"), ("kv", "export"), ("store", "fsck")):
        denied = run(url, *words, code=8, CONSUL_HTTP_TOKEN=token)
        assert "denied" in denied.stderr or "token" in denied.stderr, denied


def test_consul__a_token_for_a_part_of_the_root(consul):
    url = consul.url + "/mine"
    assert "open/a" in run(url, "kv", "list", "open", CONSUL_HTTP_TOKEN=consul.part).stdout
    assert run(url, "kv", "list", "open/none", CONSUL_HTTP_TOKEN=consul.part).stdout == ""
    run(url, "kv", "get", "there", code=8, CONSUL_HTTP_TOKEN=consul.part)
    run(url, "instance", "list", code=8, CONSUL_HTTP_TOKEN=consul.part)


def test_consul__credentials_on_the_command_line_are_refused(consul):
    url = consul.url.replace("consul://", "consul://:%s@" % PASSWORD)
    refused = run("memory:", "kv", "list", "--store", url, code=2)
    assert "command line" in refused.stderr
    # In the environment they are what they are for.
    url = consul.url.replace("consul://", "consul://:%s@" % consul.writer)
    run(url + "/mine", "kv", "get", "there")


def test_consul__namespaces_are_refused_and_datacenters_followed(consul):
    url = consul.url + "/mine"
    for parameter in ("ns=team", "partition=team"):
        refused = run("%s?%s" % (url, parameter), "kv", "get", "there", code=2,
                      CONSUL_HTTP_TOKEN=consul.writer)
        assert "no namespaces and no partitions" in refused.stderr
    refused = run(url, "kv", "get", "there", code=2, CONSUL_HTTP_TOKEN=consul.writer,
                  CONSUL_NAMESPACE="team")
    assert "no namespaces" in refused.stderr
    run(url + "?dc=dc1", "kv", "get", "there", CONSUL_HTTP_TOKEN=consul.writer)
    nowhere = run(url + "?dc=nowhere&timeout_ms=700", "kv", "get", "there", code=5,
                  CONSUL_HTTP_TOKEN=consul.writer)
    assert "datacenter" in nowhere.stderr


# ---- etcd: users, roles, tokens that expire -------------------------------------------------------


class EtcdWithUsers(services.Etcd):
    """root, `writer` of mine/, `reader` of mine/, `stranger` of yours/; tokens live 1 s."""

    def command(self, index):
        command, environment = super().command(index)
        return command + ["--auth-token-ttl", "1"], environment

    def auth(self, path, **document):
        return call("http://127.0.0.1:%d/v3/auth/%s" % (self.ports[0][0], path), document)

    def add_user(self, name, permission=None, prefix=None):
        self.auth("user/add", name=name, password=PASSWORD)
        if name != "root":
            self.auth("role/add", name=name)
            start = base64.b64encode(prefix).decode()
            end = base64.b64encode(prefix[:-1] + bytes([prefix[-1] + 1])).decode()
            self.auth("role/grant", name=name,
                      perm={"permType": permission, "key": start, "range_end": end})
        self.auth("user/grant", user=name, role=name)


@pytest.fixture(scope="module")
def etcd():
    with EtcdWithUsers(1) as service:
        service.auth("role/add", name="root")
        service.add_user("root")
        service.add_user("writer", "READWRITE", b"mine/")
        service.add_user("reader", "READ", b"mine/")
        service.add_user("stranger", "READWRITE", b"yours/")
        service.auth("enable")
        run(service.url + "/mine", "kv", "put", "there", "1", "-q",
            ETCDCTL_USER="writer:" + PASSWORD)
        yield service


def test_etcd__a_user_that_may_do_everything_below_its_prefix(etcd, tmp_path):
    url = etcd.url + "/mine?transaction_operations=12"
    (tmp_path / "body").write_text('{"a": 1{% for n in range(100) %}, "k{{ n }}": 1{% endfor %}}')
    user = {"ETCDCTL_USER": "writer", "ETCDCTL_PASSWORD": PASSWORD}
    run(url, "template", "register", "t", "1", "--file", str(tmp_path / "body"), "--replace", "-q",
        **user)
    run(url, "instance", "create", "bob", "t", "1", "-q", **user)
    run(url, "instance", "tree", "bob/t/1/1", **user)
    run(url, "store", "info", **user)
    file = secret_file(tmp_path, PASSWORD)
    run(etcd.url + "/mine?user=writer&password_file=" + file, "kv", "get", "there")


def test_etcd__roles_bound_what_is_read_and_written(etcd):
    url = etcd.url + "/mine"
    reader = {"ETCDCTL_USER": "reader:" + PASSWORD}
    run(url, "kv", "get", "there", **reader)
    run(url, "kv", "get", "absent", code=3, **reader)
    run(url, "kv", "put", "there", "2", code=8, **reader)
    run(url, "kv", "rm", "there", code=8, **reader)
    for words in (("kv", "get", "there"), ("kv", "get", "absent"), ("kv", "list"),
                  ("instance", "list"), ("template", "list"), ("kv", "put", "there", "2")):
        run(url, *words, code=8, ETCDCTL_USER="stranger:" + PASSWORD)
        run(url, *words, code=8)  # nobody
        run(url, *words, code=8, ETCDCTL_USER="writer:" + OTHER_PASSWORD)
    assert run(url, "kv", "get", "there", **reader).stdout.strip() == "1"


def test_etcd__a_token_that_expires_is_renewed(etcd):
    """A watch and a wait outlive many tokens, and so does a handle that reads again."""
    url = etcd.url + "/mine"
    user = {"ETCDCTL_USER": "writer:" + PASSWORD}
    watch = subprocess.Popen([PROGRAM, "kv", "watch", "long", "--count", "2", "-o", "jsonl"],
                             env={**os.environ, "CONFREG_STORE": url, **user}, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        for number in range(2):
            time.sleep(3.5)  # simple tokens are looked at once a second
            run(url, "kv", "put", "long/%d" % number, str(time.monotonic()), "-q", code=0, **user)
            if number == 0:
                assert watch.poll() is None, watch.communicate()
        out, err = watch.communicate(timeout=20)
    finally:
        watch.kill()
        watch.wait()
    assert watch.returncode == 0 and out.count('"put"') == 2, (out, err)
    assert PASSWORD not in out + err


def test_etcd__a_user_without_a_password_is_refused_before_anything_is_sent(etcd):
    refused = run(etcd.url + "/mine", "kv", "list", code=2, ETCDCTL_USER="writer")
    assert "no password" in refused.stderr


# ---- ZooKeeper: digests, ACLs ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def zookeeper():
    with services.ZooKeeper(1) as service:
        run(service.url + "/mine", "kv", "put", "there", "1", "-q",
            CONFREG_ZOOKEEPER_DIGEST="bob:" + PASSWORD)
        yield service


def test_zookeeper__what_a_user_makes_is_for_him_alone(zookeeper, tmp_path):
    url = zookeeper.url + "/mine"
    bob = {"CONFREG_ZOOKEEPER_DIGEST": "bob:" + PASSWORD}
    run(url, "kv", "get", "there", **bob)
    run(url, "kv", "get", "absent", code=3, **bob)
    run(url + "?digest_file=" + secret_file(tmp_path, "bob:" + PASSWORD), "kv", "get", "there")
    for other in ({}, {"CONFREG_ZOOKEEPER_DIGEST": "eve:" + PASSWORD},
                  {"CONFREG_ZOOKEEPER_DIGEST": "bob:" + OTHER_PASSWORD}):
        for words in (("kv", "get", "there"), ("kv", "list"), ("kv", "put", "there", "2"),
                      ("kv", "put", "new", "2"), ("kv", "rm", "there"), ("kv", "export")):
            denied = run(url, *words, code=8, **other)
            assert "denies" in denied.stderr, denied
    assert run(url, "kv", "get", "there", **bob).stdout.strip() == "1"


def test_zookeeper__a_large_instance_is_private_as_a_whole(zookeeper, tmp_path):
    url = zookeeper.url + "/large?transaction_operations=12"
    bob = {"CONFREG_ZOOKEEPER_DIGEST": "bob:" + PASSWORD}
    (tmp_path / "body").write_text('{"a": {"b": 1}{% for n in range(60) %}, "k{{ n }}": 1{% endfor %}}')
    run(url, "template", "register", "t", "1", "--file", str(tmp_path / "body"), "--replace", "-q",
        **bob)
    run(url, "instance", "create", "bob", "t", "1", "-q", **bob)
    for words in (("instance", "list"), ("instance", "tree", "bob/t/1/1"),
                  ("instance", "get", "bob/t/1/1", "a/b"), ("template", "list")):
        run(url, *words, **bob)
        run(url, *words, code=8)


def test_zookeeper__an_open_acl_is_a_choice(zookeeper):
    bob = {"CONFREG_ZOOKEEPER_DIGEST": "bob:" + PASSWORD}
    run(zookeeper.url + "/open?acl=open", "kv", "put", "a", "1", "-q", **bob)
    run(zookeeper.url + "/open", "kv", "get", "a")
    refused = run(zookeeper.url + "/open?acl=private", "kv", "put", "b", "1", code=2)
    assert "credentials" in refused.stderr


def test_zookeeper__tls_is_refused_in_clear_words(zookeeper):
    for parameter in ("tls=1", "ca_file=/etc/ssl/certs/ca-certificates.crt", "cert_file=x"):
        refused = run("%s/mine?%s" % (zookeeper.url, parameter), "kv", "list", code=2)
        assert "has no TLS" in refused.stderr and "stunnel" in refused.stderr


# ---- TLS of Consul and etcd -----------------------------------------------------------------------


def openssl(folder, *words):
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, timeout=30)


KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def make_authority(folder, name):
    openssl(folder, "req", "-x509", *KEY, "-keyout", name + ".key", "-out", name + ".pem",
            "-days", "2", "-subj", "/CN=" + name)


def make_certificate(folder, name, authority, names, days="2"):
    openssl(folder, "req", *KEY, "-keyout", name + ".key", "-out", name + ".csr",
            "-subj", "/CN=" + name)
    (folder / "extensions").write_text("subjectAltName=%s\n" % names)
    openssl(folder, "x509", "-req", "-in", name + ".csr", "-CA", authority + ".pem",
            "-CAkey", authority + ".key", "-CAcreateserial", "-days", days,
            "-extfile", "extensions", "-out", name + ".pem")
    (folder / (name + ".key")).chmod(0o600)


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    """Throw-away certificates: good, expired, of another name, of another authority."""
    folder = tmp_path_factory.mktemp("papers")
    for name in ("ca", "foreign"):
        make_authority(folder, name)
    make_certificate(folder, "good", "ca", "IP:127.0.0.1,DNS:localhost")
    make_certificate(folder, "named", "ca", "DNS:store.example")
    make_certificate(folder, "expired", "ca", "IP:127.0.0.1", days="-1")
    make_certificate(folder, "client", "ca", "DNS:client")
    make_certificate(folder, "forged", "foreign", "DNS:client")
    return folder


class TlsConsul(services.Consul):
    ports_each = 5
    papers = certificate = None
    wants_client = False

    def command(self, index):
        self.ports[index], https = self.ports[index][:4], self.ports[index][-1]
        command, environment = super().command(index)
        self.ports[index] = self.ports[index] + [https]
        file = self.node_folder(index) / "consul.json"
        settings = json.loads(file.read_text())
        settings["ports"]["https"] = https
        settings.update({"cert_file": str(self.papers / (self.certificate + ".pem")),
                         "key_file": str(self.papers / (self.certificate + ".key")),
                         "ca_file": str(self.papers / "ca.pem"),
                         "verify_incoming_https": self.wants_client})
        file.write_text(json.dumps(settings))
        return command, environment

    @property
    def url(self):
        return "https://127.0.0.1:%d" % self.ports[0][4]


class TlsEtcd(services.Etcd):
    papers = certificate = None
    wants_client = False

    def command(self, index):
        command, environment = super().command(index)
        command = [word.replace("http://127.0.0.1:%d" % self.ports[index][0],
                                "https://127.0.0.1:%d" % self.ports[index][0]) for word in command]
        command += ["--cert-file", str(self.papers / (self.certificate + ".pem")),
                    "--key-file", str(self.papers / (self.certificate + ".key"))]
        if self.wants_client:
            command += ["--client-cert-auth", "--trusted-ca-file", str(self.papers / "ca.pem")]
        return command, environment

    def is_ready(self):
        return "ready to serve client requests" in self.log_tail(0) or self.answers()

    def answers(self):
        with services.socket.create_connection(("127.0.0.1", self.ports[0][0]), timeout=2):
            time.sleep(0.5)
            return True

    @property
    def url(self):
        return "etcds://127.0.0.1:%d" % self.ports[0][0]


@contextlib.contextmanager
def tls(papers, certificate, wants_client=False):
    service = (TlsConsul if KIND == "consul" else TlsEtcd)(1)
    service.papers, service.certificate, service.wants_client = papers, certificate, wants_client
    with service:
        yield service


def url_with(service, papers, **parameters):
    base = service.url + ("/v1/kv/tls" if KIND == "consul" else "/tls")
    files = {name: str(papers / value) if name.endswith("_file") else value
             for name, value in parameters.items()}
    return base + "?timeout_ms=1500" + "".join("&%s=%s" % pair for pair in files.items())


CA_VARIABLE = "CONSUL_CACERT" if KIND == "consul" else "ETCDCTL_CACERT"


def test_tls__a_server_is_verified_unless_told_otherwise(papers):
    with tls(papers, "good") as service:
        run(url_with(service, papers, ca_file="ca.pem"), "kv", "put", "a", "1", "-q")
        run(url_with(service, papers), "kv", "get", "a", **{CA_VARIABLE: str(papers / "ca.pem")})
        for url in (url_with(service, papers), url_with(service, papers, ca_file="foreign.pem"),
                    url_with(service, papers, ca_file="ca.pem", server_name="store.example")):
            refused = run(url, "kv", "get", "a", code=5)
            assert "certificate" in refused.stderr or "SSL" in refused.stderr, refused
        missing = run(url_with(service, papers, ca_file="none.pem"), "kv", "get", "a", code=2)
        assert "none.pem" in missing.stderr
        assert run(url_with(service, papers, insecure="1"), "kv", "get", "a").stdout.strip() == "1"
        # In the clear to a port of TLS: no answer that could be taken for one.
        plain = url_with(service, papers).replace("https://", "http://").replace("etcds://", "etcd://")
        assert run(plain, "kv", "get", "a", code=None).returncode in (5, 7)


def test_tls__a_server_of_another_name_is_asked_for_by_it(papers):
    with tls(papers, "named") as service:
        run(url_with(service, papers, ca_file="ca.pem"), "kv", "list", code=5)
        run(url_with(service, papers, ca_file="ca.pem", server_name="store.example"), "kv", "list")


def test_tls__an_expired_certificate_is_refused(papers):
    with tls(papers, "expired") as service:
        refused = run(url_with(service, papers, ca_file="ca.pem"), "kv", "list", code=5)
        assert "certificate" in refused.stderr or "SSL" in refused.stderr, refused


def test_tls__a_server_that_wants_a_client_certificate(papers):
    with tls(papers, "good", wants_client=True) as service:
        good = {"ca_file": "ca.pem", "cert_file": "client.pem", "key_file": "client.key"}
        run(url_with(service, papers, **good), "kv", "put", "a", "1", "-q")
        run(url_with(service, papers, ca_file="ca.pem"), "kv", "get", "a", code=5)
        forged = {"ca_file": "ca.pem", "cert_file": "forged.pem", "key_file": "forged.key"}
        run(url_with(service, papers, **forged), "kv", "get", "a", code=5)
        names = {"consul": ("CONSUL_CLIENT_CERT", "CONSUL_CLIENT_KEY"),
                 "etcd": ("ETCDCTL_CERT", "ETCDCTL_KEY")}[KIND]
        run(url_with(service, papers), "kv", "get", "a",
            **{CA_VARIABLE: str(papers / "ca.pem"), names[0]: str(papers / "client.pem"),
               names[1]: str(papers / "client.key")})
