"""Which calls in a text do not fit what they call, in a real, indexed folder, and in the outlines of a library."""

from collections.abc import Iterator

import pytest
from indexing import corpus_of

from assist_context.code.trees.readable_text import readable
from assist_context.documents import Cursor, Document, WrittenCall, split_lines
from assist_context.languages import language_of
from assist_context.retrieval.corpus import Corpus
from assist_types.types.call_fit import misfits
from assist_types.types.declarations import TypedText
from assist_types.types.lookup import TypeLookup
from assist_types.types.members import Members

SHOP = """\
from shop.models import Cart, fetch, made, plain


class Till:
    def add(self, item, *, count=1, strict):
        pass

    @property
    def total(self):
        return 0

    def run(self, cart: Cart):
        █
"""
MODELS = """\
import functools


class Cart:
    def __init__(self, owner, size=0):
        self.owner = owner

    def find(self, key, /, default=None):
        return default

    @staticmethod
    def empty():
        return Cart("")


class Other(Cart):
    pass


def fetch(url, *urls, timeout=1, **more):
    pass


@functools.cache
def made(a):
    pass


def plain():
    pass
"""
WEB = """\
import { verify } from './verify';

export function run(name: string) {
  █
}
"""
GO = """\
package shop

import "os"

func join(a, b string, rest ...int) string { return a }

func pair() (string, string) { return "", "" }

func run() {
	█
}
"""
RUST = """\
struct Cart { size: usize }
impl Cart {
    fn grow(&mut self, by: usize) -> usize { by }
}
fn run(cart: &mut Cart) {
    █
}
"""


HEADS = {
    "notify": ("def notify(c, sig)", "def notify(c, sig, other)"),
    "Client": ("def __init__(self, url: str)",),
}


class Library:
    """A library with a function that has two signatures, and a class."""

    def names(self, module: str) -> frozenset[str] | None:
        del module
        return None

    def heads(self, module: str, name: str) -> tuple[str, ...]:
        del module
        return HEADS.get(name, ())

    def members(self, module: str, name: str) -> Members | None:
        del module, name
        return None


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    texts = {
        "shop/__init__.py": "",
        "shop/models.py": MODELS,
        "web/verify.ts": "export function verify(name: string, value?: string) {}\n",
    }
    found = corpus_of(tmp_path_factory.mktemp("w"), texts)
    yield found
    found.reader.close()


def refuted(corpus: Corpus, source: str, path: str, call: WrittenCall) -> str:
    before, _, after = source.partition("█")
    document = Document(path, split_lines(before + after), language_of(path))
    cursor = Cursor(before.count("\n"), len(before) - before.rfind("\n") - 1)
    place = readable(document, cursor)
    text = TypedText(path, place.parsed)
    lookup = TypeLookup(corpus, Library())
    lookup.texts.begin(text)
    found = misfits(lookup, text, place.at, (call,))
    return next((one.signature for one in found), "")


# file, what is called, arguments by place, by name, whether one may be several, whether it fits
CASES = [
    ("shop/till.py", "self.add", 1, ("strict",), False, True),
    ("shop/till.py", "self.add", 2, ("strict",), False, False),  # `count` takes only its name
    ("shop/till.py", "self.add", 1, (), False, False),  # `strict` is needed
    ("shop/till.py", "self.add", 1, (), True, True),
    ("shop/till.py", "self.add", 1, ("strict", "size"), False, False),
    ("shop/till.py", "Cart", 1, (), False, True),
    ("shop/till.py", "Cart", 0, (), False, False),
    ("shop/till.py", "Cart", 3, (), False, False),
    ("shop/till.py", "Cart", 1, ("size",), False, True),
    ("shop/till.py", "cart.find", 1, (), False, True),
    ("shop/till.py", "cart.find", 0, ("key",), False, False),
    ("shop/till.py", "cart.find", 3, (), False, False),
    ("shop/till.py", "cart.empty", 1, (), False, True),  # decorated: what it takes is not known
    ("shop/till.py", "fetch", 9, ("any", "thing"), False, True),
    ("shop/till.py", "fetch", 0, (), False, False),
    ("shop/till.py", "made", 5, (), False, True),
    ("shop/till.py", "plain", 1, (), False, False),
    ("shop/till.py", "unknown", 7, (), False, True),
    ("web/run.ts", "verify", 1, (), False, True),
    ("web/run.ts", "verify", 3, (), False, False),
    ("web/run.ts", "verify", 0, (), False, False),
    ("shop/run.go", "join", 2, (), False, True),
    ("shop/run.go", "join", 5, (), False, True),
    ("shop/run.go", "join", 1, (), False, False),
    ("shop/run.go", "join", 1, (), True, True),  # `join(pair())`
    ("src/run.rs", "cart.grow", 1, (), False, True),
    ("src/run.rs", "cart.grow", 2, (), False, False),
]
SOURCES = {"shop/till.py": SHOP, "web/run.ts": WEB, "shop/run.go": GO, "src/run.rs": RUST}


@pytest.mark.parametrize("case", CASES)
def test_whether_a_call_fits(corpus: Corpus, case: tuple[str, str, int, tuple[str, ...], bool, bool]) -> None:
    path, callee, places, names, spread, fits = case
    call = WrittenCall(callee, places, names, spread)
    assert (refuted(corpus, SOURCES[path], path, call) == "") is fits


@pytest.mark.parametrize(
    ("callee", "refuted_as"),
    [("cart.find", "find(self, key, /, default=None)"), ("self.total", ""), ("cart.owner", ""), ("cart", "")],
)
def test_a_function_itself_is_not_compared_with_nothing(corpus: Corpus, callee: str, refuted_as: str) -> None:
    assert refuted(corpus, SHOP, "shop/till.py", WrittenCall(callee, compared=True)) == refuted_as


@pytest.mark.parametrize(
    ("callee", "places", "fits"),
    [
        ("notify", 2, True),
        ("notify", 3, True),
        ("notify", 1, False),
        ("Client", 1, True),
        ("Client", 2, False),
    ],
)
def test_calls_of_a_library_fit_one_of_its_signatures(
    corpus: Corpus, callee: str, places: int, fits: bool
) -> None:
    source = f"from lib import {callee}\n\n\ndef run():\n    █\n"
    assert (refuted(corpus, source, "shop/run.py", WrittenCall(callee, places)) == "") is fits


def test_javascript_takes_any_number_of_arguments(corpus: Corpus) -> None:
    source = "function f(a) {}\n█\n"
    assert refuted(corpus, source, "web/f.js", WrittenCall("f", 3)) == ""
    assert refuted(corpus, source, "web/f.ts", WrittenCall("f", 3)) == "f(a)"
