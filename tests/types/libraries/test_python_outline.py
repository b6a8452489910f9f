"""The outline of a module of Python: which names it has, and whether these are all."""

import pytest

from assist_types.libraries.module_outline import from_bytes, to_bytes
from assist_types.libraries.python_outline import first_sentence, python_outline

CLIENT = '''
"""A client."""
from __future__ import annotations
import os.path as p, json
from ._base import Base as B, Other
from .. import deep

LIMIT: int = 3
Alias = B
if LIMIT:
    from fast import loads
else:
    def loads(text): ...

class Client(B[int], metaclass=ABCMeta):
    """Sends requests. It keeps connections."""
    retries = 2
    __slots__ = ("_pool", "url")

    def __init__(self, url: str, *, timeout: float = 5.0) -> None:
        self.url = url
        self.first, self.second = 1, 2

    @property
    def is_open(self) -> bool:
        """Whether it is open."""
        return self._open

    async def get(
        self, path: str,
    ) -> Response:
        with self.lock as self.held:
            for self.attempt in range(2): pass
        object.__setattr__(self, "last", path)

Client.patched = 1
'''


def test_names_members_and_heads() -> None:
    outline = python_outline(CLIENT, "lib.sub.client", package=False)
    assert outline.whole
    assert {"p", "json", "B", "Other", "deep", "LIMIT", "Alias", "loads", "Client"} <= set(outline.names)
    assert outline.names["B"].target == ("lib.sub._base", "Base")
    assert outline.names["deep"].target == ("lib", "deep")
    assert outline.names["Alias"].target == ("", "B")
    assert outline.names["LIMIT"].head == "LIMIT: int"
    assert outline.names["loads"].kind == "value"  # which of the two holds is not known
    client = outline.names["Client"]
    assert (client.head, client.doc) == ("class Client(B[int], metaclass=ABCMeta)", "Sends requests.")
    assert (client.bases, client.whole) == (("B",), True)
    names = {member.name for member in client.members}
    assert {
        "retries",
        "url",
        "first",
        "second",
        "is_open",
        "_open",
        "get",
        "held",
        "attempt",
        "last",
    } <= names
    assert {"_pool", "patched"} <= names
    get = next(member for member in client.members if member.name == "get")
    assert get.head == "async def get(self, path: str) -> Response"
    assert from_bytes(to_bytes(outline)) == outline


@pytest.mark.parametrize(
    "text",
    [
        "def __getattr__(name): ...\n",
        "__getattr__, __dir__ = attach(__name__)\n",
        "globals()['a'] = 1\n",
        "here = globals()\nfor name in x:\n    here[name] = 1\n",
        "import sys\nsys.modules[__name__] = Lazy()\n",
        "exec('a = 1')\n",
        "@enum.global_enum\nclass A(Enum):\n    B = 1\n",
        "def f(:\n",
    ],
)
def test_what_may_have_other_names_is_not_whole(text: str) -> None:
    assert not python_outline(text, "m", package=False).whole


@pytest.mark.parametrize(
    "text",
    ["x = globals()['a']\n", "names = locals()\nfor n in ('a',):\n    setattr(names[n], 'b', 1)\n"],
)
def test_reading_a_namespace_adds_nothing(text: str) -> None:
    assert python_outline(text, "m", package=False).whole


@pytest.mark.parametrize(
    "text",
    [
        "class A:\n    model_config = ConfigDict(\n        extra='allow')\n",
        "class A(Base, extra='allow'): pass\n",
        "class A:\n    def __getattr__(self, name): ...\n",
        "class A:\n    def f(self, **more):\n        self.__dict__.update(more)\n",
        "class A:\n    def f(self, name):\n        setattr(self, name, 1)\n",
        "@adds_members\nclass A: pass\n",
        "class A: pass\nfor n in x:\n    setattr(A, n, 1)\n",
    ],
)
def test_a_class_that_may_have_other_members_is_not_whole(text: str) -> None:
    assert not python_outline(text, "m", package=False).names["A"].whole


def test_what_pickling_restores_adds_nothing() -> None:
    state = (
        "    def __setstate__(self, state):\n        for name in state:\n            setattr(self, name, 1)\n"
    )
    found = python_outline(f"class A:\n{state}    def f(self): ...\n", "m", package=False)
    assert found.whole
    assert found.names["A"].whole


def test_stars_are_followed_by_who_asks() -> None:
    outline = python_outline("from .a import *\nfrom os import *\n", "lib", package=True)
    assert outline.stars == ("lib.a", "os")
    assert outline.whole


def test_any_text_has_an_outline() -> None:
    for text in ("", "\0", "class " * 500, "(" * 3_000, "if x:\n" * 300, "class A:\n" + " class A:\n" * 200):
        python_outline(text, "m", package=False)


def test_first_sentence() -> None:
    assert first_sentence("Use httpx 0.27. It is fast.") == "Use httpx 0.27."
    assert first_sentence("no end") == "no end"


def test_of_overloads_each_signature_is_kept() -> None:
    heads = (
        "def make(self) -> None",
        "def make(self, given: str) -> None",
        "def make(self, *, at: int) -> int",
    )
    text = "class Maker:\n" + "".join(f"    @overload\n    {head}: ...\n" for head in heads)
    outline = python_outline(f"from typing import overload\n{text}", "maker", package=False)
    assert outline.names["Maker"].members[0].bases == heads
