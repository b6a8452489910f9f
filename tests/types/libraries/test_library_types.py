"""What installed packages offer, through re-exports and bases; and which package an import means."""

import os
from pathlib import Path

import pytest
from installs import SITE, node_install, python_install, types_of
from workspaces import put

from assist_context.languages import language_of
from assist_types.libraries.finders import Finders
from assist_types.libraries.node_packages import NodePackages
from assist_types.libraries.python_packages import PythonPackages, environment_of

CLIENT = {
    "lib/__init__.py": "from .client import Client\nfrom .errors import *\nimport json\n",
    "lib/client.py": "from .base import Base\nclass Client(Base):\n    def get(self): ...\n",
    "lib/base.py": "import enum\nclass Base:\n    def close(self): ...\nclass Kind(enum.Enum):\n    A = 1\n",
    "lib/errors.py": "class LibError(ValueError):\n    code = 1\n",
}


def test_reexports_stars_and_bases(tmp_path: Path) -> None:
    python_install(tmp_path, CLIENT)
    types = types_of(PythonPackages(str(tmp_path / ".venv")))
    names = types.names("lib")
    assert names is not None
    assert {"Client", "LibError", "json", "client", "__name__"} <= names
    assert "Session" not in names
    client = types.members("lib", "Client")
    assert client is not None
    assert client.whole
    assert {"get", "close", "__class__"} <= client.names
    assert "post" not in client.names
    error = types.members("lib", "LibError")
    assert error is not None
    assert error.whole
    assert {"code", "args", "with_traceback"} <= error.names
    kind = types.members("lib.base", "Kind")
    assert kind is not None
    assert kind.whole
    assert {"A", "value", "name"} <= kind.names
    described = types.describe("lib", "Client.close")
    assert described is not None
    assert (described.name.head, described.module.name) == ("def close(self)", "lib.base")
    assert types.names("other") is None


@pytest.mark.parametrize(
    "base",
    [
        "from gone import Base\n",
        "from .base import Missing as Base\n",
        "Base = make()\n",
        "import typing\nBase = typing.Any\n",
        "class Base(metaclass=Missing): pass\n",
        "class Meta(type):\n    def __new__(cls, *a): ...\nclass Base(metaclass=Meta): pass\n",
    ],
)
def test_an_unknown_base_says_nothing(tmp_path: Path, base: str) -> None:
    python_install(tmp_path, {"lib/__init__.py": f"{base}class A(Base):\n    x = 1\n", "lib/base.py": ""})
    found = types_of(PythonPackages(str(tmp_path / ".venv"))).members("lib", "A")
    assert found is not None
    assert not found.whole


def test_bases_in_circles_end(tmp_path: Path) -> None:
    texts = {"lib/__init__.py": "from .a import *\nclass A(B): pass\nclass B(A): pass\nC = D\nD = C\n"}
    python_install(
        tmp_path,
        {**texts, "lib/a.py": "from . import *\nfrom .b import x\n", "lib/b.py": "from .a import x\n"},
    )
    types = types_of(PythonPackages(str(tmp_path / ".venv")))
    assert types.members("lib", "A") is not None
    assert types.members("lib", "C") is None
    assert types.members("lib", "x") is None


def test_stubs_come_before_sources(tmp_path: Path) -> None:
    files = {
        "lib/__init__.py": "a = 1\n",
        "lib-stubs/__init__.pyi": "b: int\n",
        "own.py": "a = 1\n",
        "own.pyi": "b: int\n",
    }
    python_install(tmp_path, files)
    finder = PythonPackages(str(tmp_path / ".venv"))
    types = types_of(finder)
    for module in ("lib", "own"):
        assert "b" in (types.names(module) or ())
        assert "a" not in (types.names(module) or ())


def test_another_version_is_seen_within_two_seconds(tmp_path: Path) -> None:
    now = [0.0]
    site = python_install(tmp_path, {"lib/__init__.py": "a = 1\n"})
    finder = PythonPackages(str(tmp_path / ".venv"), lambda: now[0])
    assert finder.find("lib").version == "1.0"  # type: ignore[union-attr]
    os.rename(site / "lib-1.0.dist-info", site / "lib-2.0.dist-info")
    os.utime(site, ns=(1, 1))
    now[0] = 1.5
    assert finder.find("lib").version == "2.0"  # type: ignore[union-attr]
    node_install(tmp_path, "pack", {"index.d.ts": "export declare const a: 1;\n"})
    node = NodePackages(str(tmp_path), lambda: now[0])
    assert node.find("pack").version == "1.0.0"  # type: ignore[union-attr]
    node_install(tmp_path, "pack", {}, version="2.0.0")
    now[0] = 3.0
    assert node.find("pack").version == "2.0.0"  # type: ignore[union-attr]


def test_a_file_belongs_to_the_package_that_lists_it(tmp_path: Path) -> None:
    site = python_install(tmp_path, {})
    put(site, "google/one/__init__.py", "")
    put(site, "yaml.py", "")
    put(site, "google_one-3.1.dist-info/RECORD", "google/one/__init__.py,,\n")
    put(site, "google_two-4.0.dist-info/RECORD", "google/two/__init__.py,,\n")
    put(site, "PyYAML-6.0.dist-info/RECORD", "yaml.py,,\n")
    finder = PythonPackages(str(tmp_path / ".venv"))
    one = finder.find("google.one")
    assert one is not None
    assert (one.package, one.version, one.folder) == ("google_one", "3.1", True)
    assert (finder.find("yaml").package, finder.find("google")) == ("PyYAML", None)  # type: ignore[union-attr]


def test_the_nearest_environment_counts(tmp_path: Path) -> None:
    python_install(tmp_path, {"lib/__init__.py": ""})
    put(tmp_path, "app/venv/pyvenv.cfg", "")
    other = tmp_path / "elsewhere"
    python_install(other, {"lib/__init__.py": ""})
    root = str(tmp_path)
    assert environment_of(str(tmp_path / "app" / "src"), root, {}) == str(tmp_path / "app" / "venv")
    assert environment_of(str(tmp_path / "src"), root, {}) == str(tmp_path / ".venv")
    bare = tmp_path / "bare"
    bare.mkdir()
    named = {"VIRTUAL_ENV": str(other / ".venv")}
    assert environment_of(str(bare), str(bare), named) == str(other / ".venv")
    assert environment_of(str(bare), str(bare), {}) == ""


def test_no_link_leads_out_of_an_environment(tmp_path: Path) -> None:
    private = put(tmp_path, "private/secret.py", "class Plan: pass\n")
    root = tmp_path / "work"
    site = python_install(root, {"lib/__init__.py": ""})
    (site / "stolen.py").symlink_to(private)
    assert PythonPackages(str(root / ".venv")).find("stolen") is None
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / ".venv").symlink_to(root / ".venv")
    assert environment_of(str(linked), str(linked), {}) == ""
    top = node_install(root, "pack", {"index.d.ts": ""})
    (top / "out.d.ts").symlink_to(private)
    put(root, "packages/own/package.json", "{}")
    (root / "node_modules" / "own").symlink_to(root / "packages" / "own")
    finder = NodePackages(str(root))
    assert finder.find("pack/out") is None
    assert finder.find("own") is None  # it is in the workspace, whose index knows it


DECLARATIONS = """
import { Base } from "./base";
export * from "./more.js";
export interface Options { timeout?: number; readonly retry: boolean }
export declare class Client extends Base<Options> implements Disposable {
    #secret;
    constructor(private url: string);
    /** Sends a request. Then waits. */
    get(path: string): Promise<string>;
    static create(): Client;
    [Symbol.iterator](): void;
}
export interface Bag { [key: string]: number }
export type Both = Options & { extra: string };
export type Part = Partial<Options>;
export declare namespace tools { const one: 1; function two(): void; }
export declare enum Color { Red, Green = 2 }
declare const client: Client;
export default client;
"""


def test_declarations_of_typescript(tmp_path: Path) -> None:
    files = {
        "dist/index.d.ts": DECLARATIONS,
        "dist/base.d.ts": "export declare class Base<T> { close(): void }\n",
        "dist/more.d.ts": "export declare function more(): void;\ndeclare class Hidden {}\nexport {};\n",
    }
    node_install(
        tmp_path, "pack", files, exports={".": {"import": "./dist/index.js", "require": "./old.cjs"}}
    )
    types = types_of(NodePackages(str(tmp_path / "src")))
    names = types.names("pack")
    assert names is not None
    assert {"Client", "Options", "Color", "more", "default"} <= names
    assert not {"client", "Base", "Hidden"} & names
    wanted = {
        "Client": {"get", "close", "url", "create"}, "Options": {"timeout", "retry"},
        "Both": {"timeout", "extra"}, "Color": {"Red", "Green"}, "tools": {"one", "two"},
        "default": {"get", "close"},
    }  # fmt: skip
    for name, members in wanted.items():
        found = types.members("pack", name)
        assert found is not None, name
        assert found.whole, name
        assert members <= found.names
        assert "post" not in found.names
    for name in ("Bag", "Part"):
        found = types.members("pack", name)
        assert found is None or not found.whole, name
    described = types.describe("pack", "Client.get")
    assert described is not None
    assert (described.name.head, described.name.doc) == (
        "get(path: string): Promise<string>",
        "Sends a request.",
    )


def test_a_value_as_a_whole_and_modules_of_node(tmp_path: Path) -> None:
    text = "declare function pack(): void;\ndeclare namespace pack { interface Options {a: 1}\n const b: 1 }\nexport = pack;\n"
    node_install(tmp_path, "@types/pack", {"index.d.ts": text})
    node_install(tmp_path, "pack", {"index.js": "module.exports = 1;\n"})
    node = 'declare module "node:fs" { export function open(): void; }\ndeclare module "fs" { export * from "node:fs"; }\n'
    node_install(tmp_path, "@types/node", {"fs.d.ts": node})
    types = types_of(NodePackages(str(tmp_path)))
    assert types.names("pack") == {"Options", "b", "default"}
    assert types.names("fs") == types.names("node:fs") == {"open"}
    assert types.members("pack", "Options") is not None


def test_scripts_without_declarations(tmp_path: Path) -> None:
    node_install(
        tmp_path,
        "es",
        {"index.mjs": "export function a() {}\nexport const {b, c: [d]} = x;\n"},
        main="index.mjs",
    )
    node_install(tmp_path, "common", {"index.js": "exports.a = 1;\n"})
    types = types_of(NodePackages(str(tmp_path)))
    names = types.names("es")
    assert names is not None
    assert {"a", "b", "d"} <= names
    assert types.names("common") is None


def test_a_plugin_may_add_members_to_an_interface(tmp_path: Path) -> None:
    node_install(tmp_path, "fast", {"index.d.ts": "export interface Server { listen(): void }\n"})
    first = types_of(NodePackages(str(tmp_path))).members("fast", "Server")
    assert first is not None
    assert first.whole
    node_install(
        tmp_path, "@fast/jwt", {"index.d.ts": "declare module 'fast' { interface Server { jwt: 1 } }\n"}
    )
    second = types_of(NodePackages(str(tmp_path))).members("fast", "Server")
    assert second is not None
    assert not second.whole


def test_a_module_that_another_one_adds_to_is_itself(tmp_path: Path) -> None:
    text = 'export declare class A { a: 1 }\ndeclare module "pack" { interface Extra { x: 1 } }\n'
    node_install(tmp_path, "pack", {"index.d.ts": text})
    assert types_of(NodePackages(str(tmp_path))).names("pack") == {"A"}


@pytest.mark.parametrize("has_environment", [False, True])
def test_the_standard_library_is_known_with_no_stubs_installed(tmp_path: Path, has_environment: bool) -> None:
    """From its sources it is not: `subprocess` fills `__all__` by computing, `os.path` is another module."""
    if has_environment:
        (tmp_path / ".venv").mkdir()
        (tmp_path / ".venv" / "pyvenv.cfg").write_text("version = 3.11.2\n")
    finder = Finders({}).of(str(tmp_path / "a.py"), str(tmp_path), language_of("a.py"))
    assert finder is not None
    types = types_of(finder)
    names = types.names("subprocess")
    assert names is not None
    assert ("TimeoutExpired" in names, "TimeoutError" in names) == (True, False)
    path = types.members("pathlib", "Path")
    assert path is not None
    assert path.whole
    assert ("read_text" in path.names, "read_string" in path.names) == (True, False)
    assert finder.find("subprocess.missing") is None
    assert finder.find("../../etc") is None


def test_other_languages_have_no_finder(tmp_path: Path) -> None:
    finders = Finders({})
    assert finders.of(str(tmp_path / "a.rs"), str(tmp_path), language_of("a.rs")) is None
    assert (tmp_path / SITE).exists() is False


RESULTS = """
from typing import AsyncIterator, Self, TypeAlias, TypeVar, Union
import enum
T = TypeVar("T")
class Answer:
    text: str
    @property
    def first(self) -> "Answer": ...
class Client:
    answer: Answer
    def __enter__(self: T) -> T: ...
    def get(self, url: str, *, on: "list[int]" = []) -> Answer: ...
    async def later(self) -> Answer: ...
    @cached
    def odd(self) -> Answer: ...
    @overload
    def two(self) -> Answer: ...
    def same(self) -> Self: ...
    def any(self, x): ...
def make(url: str) -> Client: ...
Either: TypeAlias = Answer | Client
Circle = Union["Circle", Answer]
def either() -> Either: ...
def circle() -> Circle: ...
def some() -> "Answer | None": ...
def listed() -> list[Answer]: ...
def keys() -> dict[Answer, str]: ...
async def streamed() -> AsyncIterator[Answer]: ...
class Query:
    def __get__(self, owner): ...
query: Query
client: Client
"""


@pytest.mark.parametrize(
    ("expression", "is_answer"),
    [
        ("Client().get()", True),
        ("make().get().first", True),
        ("make()%.get()", True),
        ("client.same().answer", True),
        ("make().later()!", True),
        ("make().later()", False),
        ("make().odd()", False),
        ("some()", True),
        ("listed()*", True),
        ("listed()[]", True),
        ("streamed()*", True),
        ("keys()*", False),
        ("circle()", False),
        ("make().two()", True),
        ("make().any()", False),
        ("make", False),
        ("client()", False),
        ("query", False),
    ],
)
def test_what_calls_give(tmp_path: Path, expression: str, is_answer: bool) -> None:
    python_install(tmp_path, {"lib/__init__.py": RESULTS})
    found = types_of(PythonPackages(str(tmp_path / ".venv"))).members("lib", expression)
    assert (found is not None and found.whole and "text" in found.names) is is_answer
    if is_answer:
        assert found is not None
        assert "get" not in found.names
    else:
        assert found is None or not found.whole


def test_what_calls_give_in_declarations(tmp_path: Path) -> None:
    text = """
export declare class Answer { text: string; clone(): this; }
export interface Client { (url: string): Promise<Answer>; get<T>(done: (a: T) => void): Promise<Answer>; get url(): Answer; }
export declare function make(): Client;
export declare function two(a: 1): Answer;
export declare function two(a: 2): string;
declare const client: Client;
export default client;
"""
    node_install(tmp_path, "pack", {"index.d.ts": text})
    types = types_of(NodePackages(str(tmp_path)))
    for expression in ("make().get()!", "default.get()!.clone()", "default.url"):
        found = types.members("pack", expression)
        assert found is not None, expression
        assert found.whole
        assert "text" in found.names
    waiting, either = types.members("pack", "make().get()"), types.members("pack", "two()")
    assert waiting is not None
    assert either is not None
    assert ("then" in waiting.names, "text" in waiting.names, waiting.whole) == (True, False, True)
    assert {"text", "trim"} <= either.names  # an answer or a string
    assert either.whole
    assert types.members("pack", "default()") is None


def test_what_a_call_may_give_has_the_members_of_all(tmp_path: Path) -> None:
    python_install(tmp_path, {"lib/__init__.py": RESULTS})
    found = types_of(PythonPackages(str(tmp_path / ".venv"))).members("lib", "either()")
    assert found is not None
    assert found.whole
    assert {"text", "same"} <= found.names


def test_a_model_has_what_it_declares(tmp_path: Path) -> None:
    """What a class does for names that its author hides from type checkers is not meant to be used."""
    text = """
from typing import TYPE_CHECKING
class Meta(type):
    def __new__(cls, *all): ...
    if not TYPE_CHECKING:
        def __getattr__(self, name): ...
class Model(metaclass=Meta):
    def copy(self): ...
    if not TYPE_CHECKING:
        def __getattr__(self, name): ...
class Cart(Model):
    size: int
class Open(Model):
    model_config = dict(extra="allow")
"""
    python_install(tmp_path, {"lib/__init__.py": text})
    types = types_of(PythonPackages(str(tmp_path / ".venv")))
    cart = types.members("lib", "Cart")
    assert cart is not None
    assert ({"size", "copy"} <= cart.names, cart.whole) == (True, True)
    open_ = types.members("lib", "Open")
    assert open_ is not None
    assert not open_.whole
