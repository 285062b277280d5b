# SPDX-License-Identifier: MIT
"""The original project's module, over confreg: both generations of its names, on every store.

    import registry
    registry.connect()                                # or a store URL, or http://host:8500/v1/kv
    registry.register(name, version, description, template, options)
    cluster = registry.instantiate(user, name, version, options)
    for node in cluster.nodes:
        print(node.status)

Programs written for the original run as they are. Proxies are live: reading an attribute reads
the store, assigning writes it, values are text. docs/COMPATIBILITY.md lists the original's bugs
and what happens here instead. New programs use the package `confreg`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, TypeVar, cast

import confreg
import kvstore
from confreg import (
    InvalidOptionsError,
    KeyDoesNotExist,
    NestedListsNotSupportedError,
    NoSuchProperty,
    UnsupportedTemplateFormatError,
    UnsupportedTypeError,
)

__all__ = [
    "Cluster", "Disk", "InvalidOptionsError", "KeyDoesNotExist",
    "NestedListsNotSupportedError", "Network", "Node", "Product", "Proxy",
    "ReadOnlyAttributeError", "Service", "Template", "UnsupportedTemplateFormatError",
    "UnsupportedTypeError", "connect", "decode_id", "deinstantiate", "deregister", "dn_from",
    "encode_id", "get_cluster", "get_cluster_instance", "get_cluster_instances", "get_product",
    "get_product_versions", "get_products", "get_service_template", "get_service_versions",
    "get_services", "id_from", "instantiate", "query_clusters", "query_products", "register",
    "save",
]  # fmt: skip

PREFIX = "instances"
TMPLPREFIX = "templates"
SLASH = "--"
DOT = "__"
ENDPOINT = kvstore.ENDPOINT

_TYPES = ("json+jinja2", "yaml+jinja2")
_ROOTS = {"instances": "templates", "clusters": "products"}
_ALL_ROOTS = frozenset(_ROOTS) | frozenset(_ROOTS.values())
_NO_OPTIONS = '{"required": {}, "optional": {}, "advanced": {}}'

# Any object with get, set, recurse and delete may take its place: the tests of programs do that.
_kv: Any = kvstore.Client()


class ReadOnlyAttributeError(confreg.RegistryError, AttributeError):
    """The attribute is made from the DN, or is a collection, and cannot be assigned."""


def connect(endpoint: str | None = None) -> None:
    """Use this store from now on. Nothing is sent before the first call that needs the store.

    None is the embedded store; `http://host:8500/v1/kv` is Consul, as the original wrote it.
    `?layout=products` in the URL chooses the key names of the original's second generation.
    """
    global _kv, PREFIX, TMPLPREFIX
    _kv = kvstore.Client(endpoint)
    is_second = "layout=products" in (_kv.endpoint or "")
    PREFIX = "clusters" if is_second else "instances"
    TMPLPREFIX = _ROOTS[PREFIX]


def _registry() -> confreg.Registry | None:
    """The registry below; None when `_kv` is something that a program put there."""
    return _kv.registry if isinstance(_kv, kvstore.Client) else None


# ---- service templates -----------------------------------------------------------------------------


def _as_json(options: str | Mapping[str, Any] | None) -> str:
    if options is None or options == "":
        return _NO_OPTIONS
    return options if isinstance(options, str) else json.dumps(options)


def register(
    name: str,
    version: str,
    description: str = "",
    template: str = "",
    options: str | Mapping[str, Any] = "",
    orchestrator: str = "",
    templatetype: str = "json+jinja2",
    logo_url: str = "",
    *,
    replace: bool = False,
    **properties: str,
) -> Product:
    """Register a service template. `options` is JSON text, or a dict.

    AlreadyExists unless `replace`: the original overwrote silently. `properties` are those of
    confreg: undefined='lenient', yaml='1.1', autoescape='off'.
    """
    if orchestrator in _TYPES:  # the first generation's sixth argument
        orchestrator, templatetype = "", orchestrator
    if description in _TYPES:  # register(name, version, templatetype)
        description, templatetype = "", description
    registry = _registry()
    if registry is None:
        values = locals()
        for key in ("name", "version", "description", "template", "templatetype", "options",
                    "orchestrator", "logo_url"):  # fmt: skip
            _kv.set(f"{TMPLPREFIX}/{name}/{version}/{key}", values[key])
    else:
        registry.register(
            name, version, template, _as_json(options), description=description,
            type=templatetype, orchestrator=orchestrator, logo_url=logo_url, replace=replace,
            **properties,
        )  # fmt: skip
    return get_product(name, version)


def get_product(
    name: str | None = None, version: str | None = None, dn: str | None = None
) -> Product:
    """The proxy of a service template, without asking the store."""
    return Product(dn or _join(TMPLPREFIX, name, version))


def get_service_template(name: str, version: str) -> Template:
    """get_product() under its first name."""
    return Template(_join(TMPLPREFIX, name, version))


def deregister(name: str, version: str) -> None:
    """Remove a service template; exactly this version. Its instances stay as they are."""
    registry = _registry()
    if registry is None:
        _kv.delete(_join(TMPLPREFIX, name, version), recursive=True)
        return
    try:
        registry.deregister(name, version)
    except KeyDoesNotExist:
        return  # the original did not mind


def query_products(product: str | None = None, version: str | None = None) -> list[Product] | None:
    """Service templates, in natural order; None when there are none."""
    registry = _registry()
    if registry is None:
        dns = _dns_below(_join(TMPLPREFIX, product, version if product else None), 3)
        return [Product(dn) for dn in dns] or None
    found = registry.templates(product or None)
    wanted = version if product and version else None
    products = [
        get_product(template.name, template.version)
        for template in found
        if wanted is None or template.version == wanted
    ]
    return products or None


def get_products() -> list[Product] | None:
    """query_products() under an earlier name."""
    return query_products()


def get_product_versions(product: str) -> list[Product] | None:
    """query_products(product) under an earlier name."""
    return query_products(product)


get_services = get_products
get_service_versions = get_product_versions


# ---- instances -------------------------------------------------------------------------------------


def _choose(given: Mapping[str, Any], names: Mapping[str, Any], what: str) -> Any:
    """The value of an argument that has several names."""
    chosen = [value for value in (*given.values(), *names.values()) if value is not None]
    if len(chosen) > 1:
        raise TypeError(f"{what} was given twice")
    return chosen[0] if chosen else None


_NAMES = ("product", "framework", "service", "servicename", "name")
_VERSIONS = ("version", "flavour")


def _named(
    product: str | None, version: str | None, others: dict[str, Any], function: str
) -> tuple[Any, Any]:
    """Name and version, under whichever of the two generations' keywords they came."""
    names = {key: others.pop(key) for key in _NAMES if key in others}
    versions = {key: others.pop(key) for key in _VERSIONS if key in others}
    if others:
        raise TypeError(f"{function}() got an unexpected keyword argument {next(iter(others))!r}")
    name = _choose({"": product}, names, "the name of the service template")
    return name, _choose({"": version}, versions, "the version of the service template")


def instantiate(
    user: str | None = None,
    product: str | None = None,
    version: str | None = None,
    options: str | Mapping[str, Any] | None = None,
    **others: Any,
) -> Cluster:
    """Make an instance of a service template, all of it or nothing, under a new id.

    `framework` and `flavour` are other words for `product` and `version`. InvalidOptionsError
    names all missing and all unknown options at once.
    """
    request_id = others.pop("request_id", None)
    product, version = _named(product, version, others, "instantiate")
    if user is None or product is None or version is None:
        raise TypeError("instantiate() needs user, product and version")
    given = json.loads(options) if isinstance(options, str) else dict(options or {})
    registry = _registry()
    if registry is None:
        return _instantiate_on(user, product, version, given)
    made = registry.instantiate(user, product, version, given, request_id=request_id)
    return Cluster(made.dn)


def _instantiate_on(user: str, product: str, version: str, given: dict[str, Any]) -> Cluster:
    """The same on a `_kv` of the program's own: as the original did it."""
    from confreg.jinja import Environment

    source = get_product(product, version)
    declared = json.loads(source.options or _NO_OPTIONS)
    if not valid(given, declared):
        missing = sorted(set(declared.get("required") or {}) - set(given))
        raise InvalidOptionsError(f"missing options: {', '.join(missing)}")
    prefix = _join(PREFIX, user, product, version)
    number = generate_id(prefix)
    dn = f"{prefix}/{number}"
    text = Environment().from_string(source.template).render(
        opts={**_merge(declared), **given}, user=user, product=product, servicename=product,
        version=version, clusterdn=dn, instancedn=dn, instancename=dn.replace("/", "-"),
        clusterid=id_from(dn), instanceid=str(number),
    )  # fmt: skip
    if source.templatetype == "json+jinja2":
        data = json.loads(text)
    elif source.templatetype == "yaml+jinja2":
        import yaml

        data = yaml.safe_load(text)
    else:
        raise UnsupportedTemplateFormatError(f"type: {source.templatetype}")
    kvinfo: dict[str, Any] = {}
    _populate(kvinfo, using=data, prefix=dn)
    save(kvinfo)
    return Cluster(dn)


def deinstantiate(
    user: str | None = None,
    framework: str | None = None,
    flavour: str | None = None,
    instanceid: str | int | None = None,
    *,
    all: bool = False,
    **others: Any,
) -> None:
    """Remove exactly one instance.

    Without `instanceid`, the one of user, name and version; ConflictError lists them when there
    are several, unless `all` is true.
    """
    name, version = _named(framework, flavour, others, "deinstantiate")
    registry = _registry()
    if registry is None:
        _kv.delete(_join(PREFIX, user, name, version, instanceid), recursive=True)
    elif instanceid is not None:
        registry.deinstantiate(_join(PREFIX, user, name, version, instanceid))
    else:
        registry.deinstantiate_all(str(user), str(name), str(version), all=all)


def get_cluster(
    user: str | None = None,
    product: str | None = None,
    version: str | None = None,
    id: str | int | None = None,
    dn: str | None = None,
    **others: Any,
) -> Cluster:
    """The proxy of an instance, by its names or by its DN, without asking the store."""
    if dn:
        return Cluster(dn)
    product, version = _named(product, version, others, "get_cluster")
    return Cluster(_join(PREFIX, user, product, version, id))


def get_cluster_instance(
    user: str | None = None,
    framework: str | None = None,
    flavour: str | None = None,
    id: str | int | None = None,
    dn: str | None = None,
    **others: Any,
) -> Cluster:
    """get_cluster() under its first name."""
    if dn:
        return Cluster(dn)
    name, version = _named(framework, flavour, others, "get_cluster_instance")
    return Cluster(_join(PREFIX, user, name, version, id))


def query_clusters(
    user: str | None = None, service: str | None = None, version: str | None = None, **others: Any
) -> list[Cluster] | None:
    """Instances in natural order; None when there are none.

    As in the original, `service` counts only with `user`, and `version` only with both.
    """
    name, wanted = _named(service, version, others, "query_clusters")
    name = name if user else None
    wanted = wanted if name else None
    registry = _registry()
    if registry is None:
        return [Cluster(dn) for dn in _dns_below(_join(PREFIX, user, name, wanted), 5)] or None
    return [Cluster(record.dn) for record in registry.query(user or None, name, wanted)] or None


def get_cluster_instances(
    user: str | None = None, framework: str | None = None, flavour: str | None = None
) -> list[Cluster] | None:
    """query_clusters() under an earlier name."""
    return query_clusters(user, framework, flavour)


def save(kvinfo: Mapping[str, Any]) -> None:
    """Write keys and values; as few transactions as the store allows."""
    registry = _registry()
    if registry is None:
        for key, value in kvinfo.items():
            _kv.set(key, value)
        return
    most = registry.kv.limits().transaction_operations or len(kvinfo)
    items = list(kvinfo.items())
    for at in range(0, len(items), max(most, 1)):
        with registry.kv.transaction() as transaction:
            for key, value in items[at : at + most]:
                transaction.put(kvstore._escape_key(key), value)


# ---- proxies ---------------------------------------------------------------------------------------

_P = TypeVar("_P", bound="Proxy")


def _natural(text: str) -> list[Any]:
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", text)]


def _join(root: str, *names: object) -> str:
    """A DN from plain names; it ends at the first that is None."""
    segments = [root]
    for name in names:
        if name is None:
            break
        segments.append(kvstore.escape_segment(str(name)))
    return "/".join(segments)


def _dns_below(prefix: str, depth: int) -> list[str]:
    """The DNs of so many segments below a prefix, of a `_kv` of the program's own."""
    try:
        keys = list(_kv.recurse(prefix))
    except KeyDoesNotExist:
        return []
    cut = {"/".join(key.strip("/").split("/")[:depth]) for key in keys}
    return sorted((dn for dn in cut if dn.count("/") == depth - 1), key=_natural)


class Proxy:
    """Something in the store, named by its DN: attributes are read and written there."""

    __serializable__: ClassVar[tuple[str, ...]] = ()
    __readonly__: ClassVar[tuple[str, ...]] = ("dn", "name")

    _endpoint: str
    _live: tuple[Any, confreg.Registry, confreg.Entity] | None

    def __init__(self, endpoint: str) -> None:
        dn = endpoint.strip("/")
        if dn.partition("/")[0] not in _ALL_ROOTS and dn.count("/") >= 3:
            dn = f"{PREFIX}/{dn}"
        self.__dict__["_endpoint"] = dn
        self.__dict__["_live"] = None

    # -- the store

    def _entity(self) -> confreg.Entity | None:
        """The live object below; None for what is none, or on a `_kv` of the program's own."""
        live = self._live
        if live is not None and live[0] is _kv and live[1] is _kv.registry:
            return live[2]
        registry = _registry()
        if registry is None or self._endpoint.partition("/")[0] not in _ROOTS:
            return None
        try:
            entity = registry.at(self._endpoint)
        except ValueError:  # no DN of an instance: plain keys
            return None
        self.__dict__["_live"] = (_kv, registry, entity)
        return entity

    def _read(self, name: str) -> str:
        entity = self._entity()
        if entity is not None:
            try:
                return entity.get(kvstore._escape_key(name))
            except KeyDoesNotExist:
                pass  # an instance that another program wrote has no record; its keys are there
        return cast(str, _kv.get(f"{self._endpoint}/{name}"))

    def _write(self, name: str, value: object) -> None:
        entity = self._entity()
        if entity is None:
            _kv.set(f"{self._endpoint}/{name}", value)
            return
        text = value if isinstance(value, (str, bytes)) else str(value)
        try:
            entity.set(kvstore._escape_key(name), text)
        except KeyDoesNotExist:
            if not self._has_plain_keys(entity):
                raise
            _kv.set(f"{self._endpoint}/{name}", text)

    @staticmethod
    def _has_plain_keys(entity: confreg.Entity) -> bool:
        """Did a program write it that keeps no records? What was removed has no keys."""
        return bool(entity.registry.kv.keys(entity.instance.dn, limit=1))

    def _children(self, name: str) -> list[str]:
        """The names below, in natural order; [] when this thing exists and has none."""
        try:
            subtree = _kv.recurse(f"{self._endpoint}/{name}")
        except KeyDoesNotExist:
            if isinstance(_kv, kvstore.Client):
                _kv.recurse(self._endpoint)  # raises when this thing does not exist either
                return []
            raise
        start = f"{self._endpoint}/{name}/"
        names = {key[len(start) :].partition("/")[0] for key in subtree if key.startswith(start)}
        return sorted((child for child in names if child), key=_natural)

    def _parts(self, name: str, made: type[_P], home: str) -> list[_P]:
        """A collection; the text, where the property of that name is a scalar."""
        entity = self._entity()
        dns = None
        if entity is not None and isinstance(
            entity, (confreg.Instance, confreg.Node, confreg.Service)
        ):
            try:
                dns = [part.dn for part in getattr(entity, name)]
            except KeyDoesNotExist:
                dns = None
        if dns is None:
            dns = [f"{home}/{child}" for child in self._children(name)]
        if not dns:
            scalar = self.get(name)
            if scalar:
                return cast("list[_P]", scalar)
        return [made(dn) for dn in dns]

    # -- attributes

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        try:
            return self._read(name)
        except KeyDoesNotExist as error:
            raise NoSuchProperty(error.message) from None

    def __setattr__(self, name: str, value: object) -> None:
        if name in type(self).__readonly__:
            raise ReadOnlyAttributeError(name)
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(f"{name} cannot be set on a proxy")
        if isinstance(value, (list, tuple, set, dict)):
            raise UnsupportedTypeError(
                f"{name}: a property is a text, number or boolean, not {type(value).__name__}"
            )
        self._write(name, value)

    @property
    def dn(self) -> str:
        return self._endpoint

    @property
    def name(self) -> str:
        return kvstore.unescape_segment(parse_last_field(self._endpoint))

    def get(self, name: str, default: Any = None) -> Any:
        """A property by any name ('dfs.blocksize'); `default` when it is not there."""
        try:
            return self._read(name)
        except KeyDoesNotExist:
            return default

    def set(self, name: str, value: object) -> None:
        """Write a property by any name."""
        self.__setattr__(name, value)

    def get_bool(self, name: str, default: bool = False) -> bool:
        """A property as a truth: "False", "no", "0" and "" are false."""
        text = self.get(name)
        if text is None:
            return default
        return str(text).strip().lower() not in ("", "false", "no", "off", "0", "none")

    def increment(self, name: str, by: int = 1) -> int:
        """Add to an integer property, atomically."""
        entity = self._entity()
        if entity is None:
            raise TypeError("only a part of an instance counts")
        return entity.increment(kvstore._escape_key(name), by)

    def compare_and_set(self, name: str, old: object, new: object) -> None:
        """Write a property if it still is `old` (None: absent). ConflictError otherwise."""
        entity = self._entity()
        if entity is None:
            raise TypeError("only a part of an instance can be compared and set")
        entity.compare_and_set(
            kvstore._escape_key(name), None if old is None else str(old), str(new)
        )

    def to_dict(self) -> dict[str, Any]:
        """dn, name and the fields that portals show; those that are missing as None."""
        fields = {field: self.get(field) for field in type(self).__serializable__}
        return {"dn": self.dn, "name": self.name, **fields}

    def to_JSON(self) -> str:
        return json.dumps(self.to_dict())

    # -- as a value

    def __str__(self) -> str:
        return self._endpoint

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._endpoint})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Proxy):
            return NotImplemented
        return self._endpoint == other._endpoint

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Proxy):
            return NotImplemented
        return self._endpoint < other._endpoint

    def __hash__(self) -> int:
        return hash(self._endpoint)

    def __reduce__(self) -> tuple[type[Proxy], tuple[str]]:
        return type(self), (self._endpoint,)


class Product(Proxy):
    """A service template."""

    __serializable__ = ("version", "description", "logo_url")

    @property
    def name(self) -> str:
        """The last field of its DN is the version."""
        return kvstore.unescape_segment(parse_next_to_last_field(self._endpoint))


class Template(Product):
    """A service template, under the first generation's name."""


class Cluster(Proxy):
    """An instance."""

    __serializable__ = ("status",)
    __readonly__ = ("dn", "name", "nodes", "services")

    @property
    def nodes(self) -> list[Node]:
        return self._parts("nodes", Node, f"{self._endpoint}/nodes")

    @property
    def services(self) -> list[Service]:
        return self._parts("services", Service, f"{self._endpoint}/services")

    def set_attributes(self, data: Mapping[str, Any]) -> None:
        """Write several properties."""
        for name, value in data.items():
            self._write(name, value)


class Service(Proxy):
    """A service of an instance."""

    __serializable__ = ("status",)
    __readonly__ = ("dn", "name", "nodes")

    @property
    def nodes(self) -> list[Node]:
        return self._parts("nodes", Node, f"{_parse_cluster_dn(self._endpoint)}/nodes")


class Node(Proxy):
    """A node of an instance."""

    __serializable__ = ("cpu", "mem", "host", "status")
    __readonly__ = ("dn", "name", "services", "disks", "networks", "cluster")

    @property
    def services(self) -> list[Service]:
        return self._parts("services", Service, f"{_parse_cluster_dn(self._endpoint)}/services")

    @property
    def disks(self) -> list[Disk]:
        return self._parts("disks", Disk, f"{self._endpoint}/disks")

    @property
    def networks(self) -> list[Network]:
        return self._parts("networks", Network, f"{self._endpoint}/networks")

    def set_disks(self, disks: Iterable[Mapping[str, Any]]) -> None:
        """Write disks: dicts with `name` and other fields."""
        self._set_parts("disks", disks)

    def set_networks(self, networks: Iterable[Mapping[str, Any]]) -> None:
        """Write networks: dicts with `name` and other fields."""
        self._set_parts("networks", networks)

    def _set_parts(self, kind: str, parts: Iterable[Mapping[str, Any]]) -> None:
        for part in parts:
            for field, value in part.items():
                self._write(f"{kind}/{part['name']}/{field}", value)

    def _list(self, name: str) -> list[str]:
        """CSV text or child keys, whichever it is."""
        text = self.get(name)
        if text is not None:
            return [item.strip() for item in str(text).split(",") if item.strip()]
        return self._children(name)

    @property
    def tags(self) -> list[str]:
        return self._list("tags")

    @property
    def check_ports(self) -> list[int]:
        return [int(port) for port in self._list("check_ports")]

    def _write_list(self, name: str, text: str) -> None:
        """As CSV text, in the place of the keys that a body gave."""
        entity = self._entity()
        if entity is not None and self._children(name):
            entity.unset(name, tree=True)
        self._write(name, text)

    def __setattr__(self, name: str, value: object) -> None:
        if name in ("tags", "check_ports"):
            values = [value] if isinstance(value, (str, int)) else cast("Iterable[object]", value)
            self._write_list(name, ",".join(str(item) for item in values))
        else:
            super().__setattr__(name, value)

    @property
    def cluster(self) -> Cluster:
        """The instance that the node belongs to."""
        return Cluster(extract_clusterdn_from_nodedn(self._endpoint))


class Disk(Proxy):
    """A disk of a node."""

    __serializable__ = ("type", "mode", "origin", "destination")


class Network(Proxy):
    """A network address of a node."""

    __serializable__ = ("device", "bridge", "address", "netmask", "gateway")


# ---- options and trees -----------------------------------------------------------------------------


def valid(options: Mapping[str, Any] | None, templateopts: Mapping[str, Any]) -> bool:
    """Are all required options there?"""
    return all(name in (options or {}) for name in templateopts.get("required") or {})


def _merge(options: Mapping[str, Any]) -> dict[str, Any]:
    """The declared defaults as one dict; groups may be missing."""
    merged: dict[str, Any] = {}
    for group in ("required", "optional", "advanced"):
        merged.update(options.get(group) or {})
    return merged


def isvalue(var: object) -> bool:
    """Is it a scalar?"""
    return isinstance(var, (str, int, float, bool))


def islist(data: object) -> bool:
    return isinstance(data, (list, tuple, set))


def isdict(data: object) -> bool:
    return isinstance(data, dict)


def isdumpable(data: object) -> bool:
    """Is it a container?"""
    return islist(data) or isdict(data)


def _populate(result: dict[str, Any], using: Any, prefix: str = "") -> None:
    """Flatten a tree into `result`: a key per scalar, a key with '' per element of a list."""
    if isvalue(using):
        result[prefix] = using
    elif islist(using):
        for element in using:
            if not isvalue(element):
                raise NestedListsNotSupportedError(f"prefix: {prefix}, element: {element}")
            if element == "":
                raise UnsupportedTypeError(f"prefix: {prefix}, element: an empty text")
            result[f"{prefix}/{element}"] = ""
    elif isdict(using):
        for key, value in using.items():
            _populate(result, value, f"{prefix}/{key}")
    else:
        raise UnsupportedTypeError(f"data: {prefix}: {using}, type: {type(using)}")


# ---- ids -------------------------------------------------------------------------------------------


def _parse_id(route: str, prefix: str) -> int:
    """The id below a prefix; 0 where there is none, or it is no number."""
    start = prefix.rstrip("/") + "/"
    if not route.startswith(start):
        return 0
    segment = route[len(start) :].partition("/")[0]
    return int(segment) if segment.isdecimal() else 0


def generate_id(prefix: str) -> int:
    """One more than the highest id in use. instantiate() has a counter instead, which no two
    callers read alike and which never goes back."""
    registry = _registry()
    if registry is None:
        try:
            keys = list(_kv.recurse(prefix))
        except KeyDoesNotExist:
            return 1
    else:
        keys = list(registry.kv.keys(kvstore._escape_key(prefix), depth=1))
    return max((_parse_id(key.rstrip("/"), prefix) for key in keys), default=0) + 1


_generate_id = generate_id


def id_from(dn: str) -> str:
    """A DN as an id without '/' and '.'. See encode_id() for one that always comes back."""
    return dn.replace("/", SLASH).replace(".", DOT)


def dn_from(id: str) -> str:
    """The DN that id_from() was given: exactly, when its instance is in the store."""
    plain = id.replace(DOT, ".").replace(SLASH, "/")
    registry = _registry()
    if registry is None or _exists(registry, plain):
        return plain
    for record in registry.query():
        start = id_from(record.dn)
        if id == start:
            return record.dn
        if id.startswith(start + SLASH):
            return _complete_dn(registry, record.dn, id)
    return plain


def _exists(registry: confreg.Registry, dn: str) -> bool:
    """Is there such an instance, or such a part of one?"""
    try:
        return bool(registry.at(dn).tree(depth=1))
    except (KeyDoesNotExist, ValueError):
        return False


def _complete_dn(registry: confreg.Registry, dn: str, id: str) -> str:
    """A part of an instance: the key below it whose id this is."""
    for key in registry.kv.keys(dn):
        at = len(dn)
        while at != -1:
            at = key.find("/", at + 1)
            part = key if at == -1 else key[:at]
            if id_from(part) == id:
                return part
    rest = id[len(id_from(dn)) :]
    return dn + rest.replace(DOT, ".").replace(SLASH, "/")


def encode_id(dn: str) -> str:
    """A DN as an id of letters, digits and '_' that decode_id() turns back, whatever it holds."""
    raw = dn.encode("utf-8")
    return "".join(chr(byte) if chr(byte).isalnum() and byte < 128 else f"_{byte:02x}" for byte in raw)


def decode_id(id: str) -> str:
    """What encode_id() was given."""
    raw = re.sub(rb"_([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), id.encode())
    return raw.decode("utf-8")


# ---- parts of a DN ---------------------------------------------------------------------------------


def _parse_cluster_dn(endpoint: str) -> str:
    """The DN of the instance that something belongs to."""
    fields = endpoint.strip("/").split("/")
    if len(fields) > 5 and fields[5] in ("nodes", "services"):
        return "/".join(fields[:5])
    for at, field in enumerate(fields):
        if at > 1 and field in ("nodes", "services"):
            return "/".join(fields[:at])
    return "/".join(fields[:5])


def _parse_product_dn(endpoint: str) -> str | None:
    """The DN of the service template that something belongs to."""
    fields = endpoint.strip("/").split("/")
    return "/".join(fields[:3]) if len(fields) > 2 else None


def _up_to(endpoint: str, kind: str) -> str:
    """Up to the segment behind the last segment `kind`."""
    fields = endpoint.rstrip("/").split("/")
    for at in range(len(fields) - 2, -1, -1):
        if fields[at] == kind:
            return "/".join(fields[: at + 2])
    raise ValueError(f"{endpoint!r} has no {kind}")


def _parse_service(endpoint: str) -> str:
    return _up_to(endpoint, "services")


def _parse_node(endpoint: str) -> str:
    return _up_to(endpoint, "nodes")


def _parse_disk(endpoint: str) -> str:
    return _up_to(endpoint, "disks")


def _parse_network(endpoint: str) -> str:
    return _up_to(endpoint, "networks")


def parse_product_name(endpoint: str) -> str:
    """The name of a service template, from anything below its root."""
    return endpoint.strip("/").split("/")[1]


def parse_product_version(endpoint: str, service: str | None = None) -> str:
    """The version of a service template, from anything below its DN."""
    return endpoint.strip("/").split("/")[2]


def parse_last_field(endpoint: str) -> str:
    return endpoint.rstrip("/").split("/")[-1]


def parse_next_to_last_field(endpoint: str) -> str:
    return endpoint.rstrip("/").split("/")[-2]


parse_name = parse_last_field
parse_endpoint_last_element = parse_last_field
_parse_endpoint_last_element = parse_last_field


def extract_clusterdn_from_nodedn(nodedn: str) -> str:
    """The DN of the instance of a node."""
    return _up_to(nodedn, "nodes").rpartition("/nodes/")[0]
