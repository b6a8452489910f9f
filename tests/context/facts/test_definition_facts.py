"""Facts of definitions and files in a real, indexed folder: who uses what, and how sure that is."""

from pathlib import Path

import pytest
from indexing import corpus_of

from assist_context.code.symbols import symbols
from assist_context.documents import Document, split_lines
from assist_context.facts.code_uses import owner_in_line
from assist_context.facts.definition_facts import MAX_CALLS, DefinitionFacts, definition_facts
from assist_context.facts.file_facts import file_facts, folder_facts
from assist_context.index.reader import IndexReader
from assist_context.languages import language_of
from assist_context.retrieval.corpus import Corpus, OpenFile

PRICES = '''\
"""Prices."""
from shop.log import write


class Price:
    """What is paid. And more."""

    currency = "EUR"

    def __init__(self, net):
        self.net = net

    def total(self, rate=0.2):
        """With tax. Rounded."""
        # TODO: other rates
        return self.rounded(self.net * (1 + rate))

    def rounded(self, value):
        write(value)
        return round(value, 2)


def parse(text):
    return Price(float(text))
'''
BOX = '''\
class Box:
    """One has
    self.word = 1 in it."""

    width: int = 1

    def __init__(self, other):
        self.width = 2
        self.left, self.right = other
        self.kind: str = "a"
        self.left.depth = 1
        other.height = self.top == 1

    class Lid:
        def __init__(self):
            self.hinge = 1

    def open(self):
        self.is_open = True
'''
BASE = """\
class Base:
    def bind(self):
        return self

    def again(self):
        return self.bind()


class Derived(Base):
    def bind(self):
        return self

    def other(self):
        return self.bind()
"""
TWINS = """\
struct Twins {
    #[cfg(unix)]
    got: u8,
    #[cfg(windows)]
    got: u16,
}

impl Twins {
    #[cfg(any(unix, not(windows)))]
    fn read(&self) -> u8 {
        self.got
    }
}
"""
CART = """\
pub fn total(net: u32) -> u32 {
    net
}

#[cfg(test)]
mod checks {
    use super::*;

    #[test]
    fn adds() {
        assert_eq!(total(1), 1);
    }
}
"""
TEXTS = {
    "shop/__init__.py": "from shop.prices import Price, parse\n",
    "shop/prices.py": PRICES,
    "shop/log.py": "def write(text):\n    print(text)\n",
    "shop/till.py": "from shop import prices\n\n\ndef pay(text):\n    return prices.parse(text).total()\n",
    "shop/front.py": "from shop import parse\n\n\ndef show(text):\n    return parse(text)\n",
    "other/lines.py": "class Line:\n    def total(self):\n        return 1\n\n\ndef parse(text):\n    return text\n",
    "other/use.py": "from other.lines import parse\n\nparse('x').total()\n",
    "tests/test_prices.py": "from shop.prices import parse\n\n\ndef test_parse():\n    assert parse('1')\n",
    "c/gc.c": "int Sweep(Area *a) {\n    Cell x;\n    mark(a);\n    return SIZE(a) + (Cell)x;\n}\n",
    "go/a.go": "package a\n\nfunc Open() int { return 1 }\n",
    "go/b.go": "package a\n\nfunc Use() int { return Open() }\n",
    "box/a.py": BOX,
    "box/a.js": "class Box {\n  constructor() {\n    this.width = 1;\n    // this.no = 2;\n  }\n}\n",
    "src/lib.rs": "mod cart;\n#[cfg(test)]\nmod fakes;\n",
    "src/cart.rs": CART,
    "build.rs": "use crate::cart::total;\n\nfn main() {\n    total(3);\n}\n",
    "src/till.rs": "use crate::cart::total;\n\npub fn pay() -> u32 {\n    total(1)\n}\n",
    "src/fakes.rs": "use crate::cart::total;\n\npub fn cheap() -> u32 {\n    total(2)\n}\n",
    "web/a.ts": "import { open } from './b';\nexport const start = () => open();\n",
    "shop/base.py": BASE,
    "web/q.ts": "class Q {\n  #size = 1;\n  size() { return this.#size; }\n  more() { return this.size(); }\n}\n",
    "src/twins.rs": TWINS,
    "src/pow.rs": "m!(u8, u8::pow);\n\npub fn pow() {}\n\nfn f() {\n    g!(pow());\n}\n",
    "web/b.ts": "export function open() { return 1; }\n",
}


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("facts") / "w"
    corpus_of(root, TEXTS).reader.close()
    return root


@pytest.fixture
def corpus(indexed: Path) -> Corpus:
    return Corpus(str(indexed), IndexReader(f"{indexed}.sqlite"))


def facts_of(corpus: Corpus, path: str, name: str) -> DefinitionFacts:
    document = Document(path, split_lines(TEXTS[path]), language_of(path))
    corpus.set_open({path: OpenFile(document, symbols(document.language, document.text))})
    [at] = [site for site in corpus.outline(path, name.rpartition(".")[2]) if site.qualified == name]
    facts = definition_facts(corpus, document, at)
    assert facts is not None
    return facts


def places(facts: DefinitionFacts) -> list[tuple[str, int, bool]]:
    return [(use.path, use.line, use.sure) for use in facts.callers]


def test_a_function_is_found_through_its_module_its_package_and_its_name(corpus: Corpus) -> None:
    facts = facts_of(corpus, "shop/prices.py", "parse")
    assert places(facts) == [("shop/front.py", 5, True), ("shop/till.py", 5, True)]
    assert [(use.path, use.inside) for use in facts.tests] == [("tests/test_prices.py", "test_parse")]
    assert facts.unsure_count == 0  # the other `parse` is surely another one
    assert [(call.name, call.defined) for call in facts.calls] == [
        ("Price", ("shop/prices.py", 5)),
        ("float", None),
    ]


def test_a_method_that_others_have_too_is_sure_behind_its_own_object_alone(corpus: Corpus) -> None:
    facts = facts_of(corpus, "shop/prices.py", "Price.total")
    assert places(facts) == [("shop/till.py", 5, False), ("other/use.py", 3, False)]
    assert [(call.name, call.defined) for call in facts.calls] == [("rounded", ("shop/prices.py", 18))]
    assert facts.todos == ((15, "TODO: other rates"),)
    own = facts_of(corpus, "shop/prices.py", "Price.rounded")
    assert places(own) == [("shop/prices.py", 16, True)]
    assert own.calls[0].defined == ("shop/log.py", 1)


def test_a_class_has_its_members(corpus: Corpus) -> None:
    facts = facts_of(corpus, "shop/prices.py", "Price")
    assert [member.name for member in facts.members] == ["currency", "__init__", "total", "rounded", "net"]
    assert facts.statements == ()


@pytest.mark.parametrize(
    ("path", "fields"), [("box/a.py", ["width", "left", "right", "kind", "is_open"]), ("box/a.js", ["width"])]
)
def test_fields_are_what_methods_set_of_their_own_object(
    corpus: Corpus, path: str, fields: list[str]
) -> None:
    members = facts_of(corpus, path, "Box").members
    assert [
        member.name for member in members if member.kind not in {"method", "class", "constructor"}
    ] == fields


@pytest.mark.parametrize(
    ("path", "name", "user"), [("go/a.go", "Open", "go/b.go"), ("web/b.ts", "open", "web/a.ts")]
)
def test_packages_and_modules_of_other_languages(corpus: Corpus, path: str, name: str, user: str) -> None:
    assert [(use.path, use.sure) for use in facts_of(corpus, path, name).callers] == [(user, True)]


def test_a_method_with_another_one_in_a_derived_class_is_sure_in_its_own_class_alone(corpus: Corpus) -> None:
    found = places(facts_of(corpus, "shop/base.py", "Base.bind"))
    assert ("shop/base.py", 6, True) in found
    assert ("shop/base.py", 14, True) not in found


def test_a_private_field_is_another_member(corpus: Corpus) -> None:
    assert places(facts_of(corpus, "web/q.ts", "Q.size")) == [("web/q.ts", 4, True)]


def test_a_second_declaration_is_no_use_and_a_condition_no_call(corpus: Corpus) -> None:
    assert places(facts_of(corpus, "src/twins.rs", "Twins.got")) == [("src/twins.rs", 11, True)]
    assert facts_of(corpus, "src/twins.rs", "Twins.read").calls == ()


def test_a_path_in_a_macro_may_lead_to_another_type(corpus: Corpus) -> None:
    assert [line for _, line, _ in places(facts_of(corpus, "src/pow.rs", "pow"))] == [6]


def test_tests_next_to_the_code_are_no_callers(corpus: Corpus) -> None:
    facts = facts_of(corpus, "src/cart.rs", "total")
    assert places(facts)[0] == ("src/till.rs", 4, True)
    assert {(use.path, use.inside) for use in facts.tests} == {
        ("src/cart.rs", "checks.adds"),
        ("src/fakes.rs", "cheap"),
    }


def test_a_file_says_what_others_use_of_it(corpus: Corpus) -> None:
    facts = file_facts(corpus, "shop/prices.py")
    used = {part.definition.name: part.users for part in facts.parts}
    assert used == {"Price": 0, "parse": 3}
    assert facts.imports == ("shop/log.py",)
    assert set(facts.importers) == {
        "shop/front.py",
        "shop/till.py",
        "tests/test_prices.py",
    }


def test_a_folder_says_what_is_used_outside_of_it(corpus: Corpus) -> None:
    facts = folder_facts(corpus, "shop")
    assert facts.files == 6
    assert (facts.parts[0].definition.name, facts.parts[0].users) == ("parse", 1)
    assert facts.importers == ("tests/test_prices.py",)
    whole = folder_facts(corpus, "")
    assert (whole.files, whole.importers) == (len(TEXTS), ())


@pytest.mark.parametrize(
    ("line", "owner"),
    [
        ("x = total(1)", ""),
        ("x = self.total(1)", "self"),
        ("x = cart().total(1)", "?"),
        ("x = a.b.total(1)", "b"),
        ("x = Shop::total(1)", "Shop"),
        ("x = shop?.total(1)", "shop"),
        ("x = subtotal(1)", ""),
    ],
)
def test_what_stands_before_the_dot(line: str, owner: str) -> None:
    assert owner_in_line([line], 1, "total") == owner


def test_a_type_of_c_is_not_said_to_be_called(corpus: Corpus) -> None:
    assert [call.name for call in facts_of(corpus, "c/gc.c", "Sweep").calls] == ["mark", "SIZE"]


def test_of_many_calls_one_more_than_are_shown_is_known(tmp_path: Path) -> None:
    body = "".join(f"    f{number}()\n" for number in range(40))
    known = corpus_of(tmp_path, {"a.py": f"def run():\n{body}"})
    document = Document("a.py", split_lines(f"def run():\n{body}"), language_of("a.py"))
    facts = definition_facts(known, document, known.outline("a.py", "run")[0])
    assert facts is not None
    assert len(facts.calls) == MAX_CALLS + 1
