"""Which names of a text a real, indexed folder refutes at a cursor."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from indexing import corpus_of

from assist_context.documents import Cursor, Document, TextNames, split_lines
from assist_context.languages import language_of
from assist_context.retrieval.corpus import Corpus
from assist_context.retrieval.known_names import NameCheck

TILL = """\
import os
from .models import (
    Money,
    Order,
)

if TYPE_CHECKING:
    import numpy as np

LIMIT = 3


def first(rows):
    expected = 1
    return expected


def second(order):
    total = 0
    █
    return total
"""


AUDIT = """\
import numpy as np
from rich import track


def audit(run):
    run(track(np.zeros(3)))


class Log:
    def write(self):
        emit()
"""
CART = """\
import { a } from './a';

export class Cart {
  clear(done) {
    done(describe('clear'));
    this.clear();
  }
}
"""


@pytest.fixture
def corpus(tmp_path: Path) -> Iterator[Corpus]:
    texts = {
        "shop/__init__.py": "",
        "shop/models.py": "class Money:\n    pass\n\n\nclass Order:\n    pass\n",
        "shop/all.py": "from .models import *\n",
        "shop/sums.go": "package shop\n\nfunc total() int {\n\treturn 1\n}\n",
        "shop/audit.py": AUDIT,
        "web/store.ts": "export function open(name: string) {}\n",
        "web/cart.ts": CART,
    }
    found = corpus_of(tmp_path / "w", texts)
    yield found
    found.reader.close()


def refuted(corpus: Corpus, names: TextNames, source: str = TILL, path: str = "shop/till.py") -> TextNames:
    before, _, after = source.partition("█")
    document = Document(path, split_lines(before + after), language_of(path))
    return NameCheck().refute([corpus], document, Cursor(before.count("\n"), 4), names)


def bare(*names: str) -> TextNames:
    return TextNames(bare=frozenset(names))


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("total", True),  # in the function
        ("order", True),
        ("os", True),
        ("Money", True),  # in an import of several lines
        ("LIMIT", True),
        ("np", True),  # in a block at the top level
        ("first", True),
        ("expected", False),  # in another function
        ("rows", False),
        ("audit", True),  # may be imported
        ("open", False),  # not from another language
        ("expectation", False),
    ],
)
def test_a_bare_name_is_visible_or_can_be_imported(corpus: Corpus, name: str, known: bool) -> None:
    found = refuted(corpus, TextNames(bare=frozenset({name})))
    assert found == TextNames(bare=frozenset() if known else frozenset({name}))


@pytest.mark.parametrize(
    ("path", "known", "unknown"),
    [
        # What another file defines, imports, or uses though nothing binds it; its parameters and methods not.
        ("shop/page.py", {"audit", "Log", "track", "emit"}, {"run", "write", "Cart", "total"}),
        ("web/page.ts", {"open", "Cart", "describe"}, {"clear", "done", "audit"}),
        ("shop/till.go", {"total"}, {"audit"}),  # of the same package
        ("bank/till.go", set(), {"total"}),
        ("bank/till.rs", {"total", "write"}, {"unheard"}),
    ],
)
def test_a_name_of_another_file_is_one_that_can_be_imported(
    corpus: Corpus, path: str, known: set[str], unknown: set[str]
) -> None:
    begin = "import { b } from './b';\n" if path.endswith(".ts") else ""
    found = refuted(corpus, TextNames(bare=frozenset(known | unknown)), f"{begin}█\n", path)
    assert found.bare == unknown


def test_a_script_without_imports_has_all_names(corpus: Corpus) -> None:
    found = refuted(corpus, TextNames(bare=frozenset({"clear", "unheard"})), "█\n", "web/page.js")
    assert found.bare == {"unheard"}


METHODS = """\
from shop.models import Money


class Till:
    def add(self, order, money=Money):
        total = order.total
        self.lines = [total]

    def clear(self):
        █
        return total_of(self)
"""
PACKAGE = """\
package shop

func First() int {
\tcount := 1
\treturn count
}

func Second() int {
\t█
}
"""


@pytest.mark.parametrize(
    ("source", "path", "unknown"),
    [
        (METHODS, "shop/till.py", {"total", "add", "money"}),  # another method's, and what needs `self.`
        (METHODS.replace("Money\n", "*\n"), "shop/till.py", set()),  # it may be anything
        (PACKAGE, "shop/till.go", {"count"}),
        ('const USAGE: &str = "\\\n█\n";\nfn f(count: u8) {}\n', "shop/till.rs", set()),
        (PACKAGE.replace("count", "total"), "shop/till.go", set()),  # the package has it in another file
    ],
)
def test_a_name_that_the_file_binds_elsewhere_only_is_refuted(
    corpus: Corpus, source: str, path: str, unknown: set[str]
) -> None:
    asked = frozenset(("total", "add", "money", "Money", "total_of", "First", "count"))
    here = frozenset(name for name in asked if name in source)
    here |= {"unheard"} if "USAGE" in source else set()
    before, _, after = source.partition("█")
    document = Document(path, split_lines(before + after), language_of(path))
    cursor = Cursor(before.count("\n"), 8)
    found = NameCheck().refute([corpus], document, cursor, TextNames(bare=here))
    assert found.bare == unknown


def test_a_member_may_be_anywhere_in_the_file(corpus: Corpus) -> None:
    found = refuted(corpus, TextNames(members=frozenset({"expected", "from_dict"})))
    assert found.members == {"from_dict"}


def test_where_everything_is_imported_the_whole_file_counts(corpus: Corpus) -> None:
    star = f"from .models import *\n{TILL}"
    assert not refuted(corpus, TextNames(bare=frozenset({"expected"})), star)


def test_what_the_file_defines_is_not_defined_again(corpus: Corpus) -> None:
    found = refuted(corpus, TextNames(defined=frozenset({"first", "third"})))
    assert found.defined == {"first"}


@pytest.mark.parametrize(
    ("path", "statement", "right"),
    [
        ("shop/till.py", "from .models import Money", True),
        ("shop/till.py", "from . import models", True),
        ("shop/till.py", "from .model import Money", False),
        ("shop/till.py", "from .models import Invoice", False),
        ("shop/till.py", "from .all import Money", True),
        ("web/page.ts", "import { open } from './store'", True),
        ("web/page.ts", "import { open } from './store.js'", True),
        ("web/page.ts", "import { open } from '../types/store'", False),
        ("web/page.ts", "import { close } from './store'", False),
    ],
)
def test_an_import_finds_a_file_and_its_names(corpus: Corpus, path: str, statement: str, right: bool) -> None:
    found = refuted(corpus, TextNames(imports=frozenset({statement})), "█\n", path)
    assert found.imports == (frozenset() if right else {statement})


@pytest.mark.parametrize(
    ("path", "source", "name"),
    [
        (
            "shop/till.py",
            'def a(text):\n    "The Flight"\n    flights(x.Flight, Flight=1)\n    █\n',
            "Flight",
        ),
        ("web/till.ts", "export function a() {\n  b(x.flight, 'flight');\n  █\n}\n", "flight"),
    ],
)
def test_words_and_members_are_no_names(corpus: Corpus, path: str, source: str, name: str) -> None:
    before, _, after = source.partition("█")
    document = Document(path, split_lines(before + after), language_of(path))
    found = NameCheck().refute([corpus], document, Cursor(before.count("\n"), 4), bare(name, "x"))
    assert found.bare == {name}


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("shop/till.py", "def a(\n    size,\n    █\n):\n    return 1\n\ndef b(rest):\n    return rest\n"),
        ("web/till.ts", "export class A {\n  █\n}\nfunction b(rest: string) {}\n"),
    ],
)
def test_what_is_declared_at_a_place_may_be_new(corpus: Corpus, path: str, source: str) -> None:
    before, _, after = source.partition("█")
    document = Document(path, split_lines(before + after), language_of(path))
    names = bare("rest", "fresh") if path.endswith(".ts") else bare("rest")
    assert NameCheck().refute([corpus], document, Cursor(before.count("\n"), 4), names) == TextNames()


def test_a_default_import_has_any_name(corpus: Corpus) -> None:
    names = TextNames(imports=frozenset({"import made from './store'", "import {made} from './store'"}))
    found = refuted(corpus, names, "█\n", "web/till.ts")
    assert found.imports == {"import {made} from './store'"}


def test_overloads_are_defined_again(corpus: Corpus) -> None:
    source = "def one(a: int): ...\ndef one(a: str): ...\ndef two(): ...\n█\n"
    names = TextNames(defined=frozenset({"one", "two"}))
    assert refuted(corpus, names, source).defined == {"two"}
