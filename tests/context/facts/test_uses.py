"""The lines that use a definition, in a real, indexed folder: what is found, and what is sure."""

from pathlib import Path

import pytest
from indexing import corpus_of

from assist_context.documents import Document, split_lines
from assist_context.evidence.import_paths import ImportWays
from assist_context.facts.definition_facts import DefinitionFacts, definition_facts
from assist_context.index.reader import IndexReader
from assist_context.languages import language_of
from assist_context.retrieval.corpus import Corpus

MODELS = """\
LIMIT = 3
__all__ = ["Page", "LIMIT"]


class Page:
    size: int

    def __init__(self, size):
        self.size = size


def check(value):
    return value
"""
CALLS = """\
from web.models import Page, check


def run(values: "list[Page]", found: dict[str, Page]) -> None:
    page: Page = Page(1)
    if isinstance(page, Page):
        print(sorted(values, key=check))
"""
WALK = """\
pub struct Entry { depth: usize }

impl Entry {
    pub fn depth(&self) -> usize { self.depth }
    fn deeper(&self) -> usize {
        println!("{}", self.depth());
        let found: Vec<Entry> = Vec::new();
        self.depth + found.len()
    }
}
"""
TEXTS = {
    "web/__init__.py": "from web.models import *\n\n__all__ = []\n",
    "web/models.py": MODELS,
    "web/calls.py": CALLS,
    "app.py": "import web\n\n\ndef f(pages: dict[str, web.Page]) -> int:\n    return len(web.__all__) + web.LIMIT\n",
    "web/parts/__init__.py": "from web.parts.one import *\n",
    "web/parts/one.py": "def first():\n    return 1\n",
    "kit.py": "import shop\n\nshop.first()\n",
    "shop/__init__.py": "from web.parts import first\n",
    "web/store.py": "class Store:\n    def get(self):\n        return 1\n\n    def all(self):\n        return [self.get()]\n",
    "kit2.py": "import web.store\n\nfound = {}.get(1)\n",
    "kit3.py": "found = {}.get(1)\nfound.get(2)\n",
    "src/walk.rs": WALK,
    "src/dent.rs": "pub struct Dent;\nimpl Dent {\n    pub fn from_raw() -> Dent { Dent }\n}\n",
    "src/fault.rs": "pub struct Fault;\nimpl Fault {\n    pub fn from_raw() -> Fault { Fault }\n}\n",
    "src/read.rs": "fn read() {\n    Fault::from_raw();\n    Dent::from_raw();\n    other().from_raw();\n}\n",
    **{
        f"many/kind{number}.py": f"class Kind{number}:\n    def visit_node(self, found):\n        found.visit_node(1)\n"
        for number in range(6)
    },
    "src/main.rs": "mod flags;\n\nfn main() {\n    flags::parse();\n}\n",
    "src/flags/mod.rs": "mod config;\nmod parse;\n\npub use parse::parse;\n",
    "src/flags/config.rs": "pub fn parse() {}\n",
    "src/flags/parse.rs": "pub fn parse() {}\n",
    "ky/create.ts": "const create = () => 1;\n\nexport default create;\n",
    "ky/options.ts": "export interface Options {\n  retry: number;\n}\n",
    "ky/use.ts": "import ky, {Options} from './options.js';\n\nky.retry({});\nexport const a = (o: Options) => o;\n",
    "go/a.go": "package a\n\nfunc Open(w Writer) int {\n\tvar x Writer\n\treturn Size(x)\n}\n",
    **{f"go/b{number}.go": f"package a\n\nvar v{number} = 1\n" for number in range(30)},
    "go/z.go": "package a\n\ntype Writer int\n",
    "limits/top.py": "WAIT_SECONDS = 3\n",
    **{
        f"limits/user{number}.py": f"from limits.top import WAIT_SECONDS\n\nx{number} = WAIT_SECONDS\n"
        for number in range(120)
    },
    "main.go": 'package main\n\nimport "x.com/m/go"\n\nvar _ = a.Open\n',
}


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("uses") / "w"
    corpus_of(root, TEXTS).reader.close()
    return root


@pytest.fixture
def corpus(indexed: Path) -> Corpus:
    return Corpus(str(indexed), IndexReader(f"{indexed}.sqlite"))


def facts_of(corpus: Corpus, path: str, name: str, kind: str = "") -> DefinitionFacts:
    document = Document(path, split_lines(TEXTS[path]), language_of(path))
    sites = corpus.outline(path, name.rpartition(".")[2])
    [at] = [site for site in sites if site.qualified == name and kind in ("", site.kind)]
    facts = definition_facts(corpus, document, at)
    assert facts is not None
    return facts


def places(facts: DefinitionFacts) -> list[tuple[str, int, bool]]:
    return sorted((use.path, use.line, use.sure) for use in facts.callers)


def test_a_constant_is_used_where_a_package_passes_it_on(corpus: Corpus) -> None:
    assert places(facts_of(corpus, "web/models.py", "LIMIT")) == [("app.py", 5, True)]


def test_of_a_constant_that_many_files_use_none_is_missed(corpus: Corpus) -> None:
    assert facts_of(corpus, "limits/top.py", "WAIT_SECONDS").caller_count == 120


def test_a_package_may_pass_on_what_another_package_does(corpus: Corpus) -> None:
    assert places(facts_of(corpus, "web/parts/one.py", "first")) == [("kit.py", 3, True)]


def test_a_package_that_has_a_module_does_not_pass_its_names_on(corpus: Corpus) -> None:
    assert [sure for path, _, sure in places(facts_of(corpus, "src/flags/config.rs", "parse"))] == [False]


def test_to_export_a_name_is_not_to_use_it(corpus: Corpus) -> None:
    assert places(facts_of(corpus, "ky/create.ts", "create")) == []


def test_a_star_passes_no_name_on_that_begins_with_an_underscore(corpus: Corpus) -> None:
    assert places(facts_of(corpus, "web/models.py", "__all__")) == []


def test_a_class_is_used_in_any_part_of_a_type_and_as_a_value(corpus: Corpus) -> None:
    found = places(facts_of(corpus, "web/models.py", "Page"))
    assert found == [("app.py", 4, True), *(("web/calls.py", line, True) for line in (4, 5, 6))]


def test_a_function_is_used_where_it_is_passed(corpus: Corpus) -> None:
    assert places(facts_of(corpus, "web/models.py", "check")) == [("web/calls.py", 7, True)]


def test_to_set_a_field_is_to_use_it(corpus: Corpus) -> None:
    assert places(facts_of(corpus, "web/models.py", "Page.size")) == [("web/models.py", 9, True)]


def test_a_field_is_not_sure_where_another_object_has_its_name(corpus: Corpus) -> None:
    assert places(facts_of(corpus, "ky/options.ts", "Options.retry")) == [("ky/use.ts", 3, False)]


def test_a_field_and_a_method_of_one_name_have_their_own_uses(corpus: Corpus) -> None:
    field = facts_of(corpus, "src/walk.rs", "Entry.depth", "field")
    assert places(field) == [("src/walk.rs", 4, True), ("src/walk.rs", 8, True)]
    method = facts_of(corpus, "src/walk.rs", "Entry.depth", "method")
    assert places(method) == [("src/walk.rs", 6, True)]


@pytest.mark.parametrize(
    ("path", "name", "called"),
    [
        ("web/calls.py", "run", ["Page", "isinstance", "print", "sorted"]),
        ("go/a.go", "Open", ["Size"]),
        ("src/walk.rs", "Entry.deeper", ["println", "depth", "new", "len"]),
    ],
)
def test_a_type_is_not_called(corpus: Corpus, path: str, name: str, called: list[str]) -> None:
    assert [call.name for call in facts_of(corpus, path, name).calls] == called


def test_each_file_of_a_large_go_package_is_imported(corpus: Corpus) -> None:
    ways = ImportWays(corpus, "go/z.go")
    assert ways.is_imported("main.go")
    assert not ways.is_imported("web/calls.py")


def test_a_constructor_is_used_where_its_class_is_called(corpus: Corpus) -> None:
    assert places(facts_of(corpus, "web/models.py", "Page.__init__")) == [("web/calls.py", 5, True)]


def test_after_another_class_with_such_a_member_a_name_means_that_one(corpus: Corpus) -> None:
    assert places(facts_of(corpus, "src/dent.rs", "Dent.from_raw")) == [
        ("src/read.rs", 3, False),
        ("src/read.rs", 4, False),
    ]


def test_a_member_that_many_classes_have_is_only_counted_where_its_object_is_not_known(
    corpus: Corpus,
) -> None:
    facts = facts_of(corpus, "many/kind1.py", "Kind1.visit_node")
    assert places(facts) == []
    assert facts.unsure_count == 5


def test_a_usual_member_is_only_counted_where_its_object_is_not_known(corpus: Corpus) -> None:
    facts = facts_of(corpus, "web/store.py", "Store.get")
    assert places(facts) == [("web/store.py", 6, True)]
    assert facts.unsure_count == 3
