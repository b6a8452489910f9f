"""The other files of a real, indexed folder: which use a name."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from indexing import corpus_of
from workspaces import put

from assist_context.documents import Document, split_lines
from assist_context.languages import language_of
from assist_context.next_edit.other_files import WorkspaceFiles
from assist_context.retrieval.corpus import Corpus

FILES = {
    "src/shop/__init__.py": "",
    "src/shop/money.py": "class Money:\n    pass\n\n\ndef parse_money(text):\n    return Money()\n",
    "src/shop/till.py": "from .money import Money\nimport numpy as np\n\n\ndef total():\n    return Money(np.x)\n",
    "src/shop/cart.py": "from .money import (\n    Money,\n    parse_money,\n)\n\nprint(Money(), parse_money(''))\n",
    "src/shop/web/__init__.py": "",
    "src/shop/web/page.py": "from ..money import Money\nfrom ..lonely import LonelyOne\n\nMoney(LonelyOne())\n",
    "src/shop/log.py": "clerk = get()\nMOST_LINES = 3\n",
    "src/goods/far.py": "from shop.log import MAX_LINES\n\nprint(MAX_LINES + 1, most, lines)\n",
    "src/goods/most.py": "most = lines = 4\n",
    "src/shop/lonely.py": "class LonelyOne:\n    pass\n\n\nclass NeverUsed:\n    class Inner:\n        pass\n",
    "tests/test_till.py": "from shop.till import total\nfrom shop.money import Money\n\nassert total() == Money()\n",
    "src/kit/__init__.py": "from ._inner import Offered\n",
    "src/kit/_inner.py": "class Offered:\n    pass\n\n\nclass Private:\n    pass\n",
    "src/kit/use.py": "from ._inner import Offered, Private\n\nprint(Offered(), Private())\n",
    "tests/fixtures.py": "class FakeClock:\n    pass\n",
    "app/lib/money.ts": "export class Price {}\nexport const parsePrice = () => new Price();\nconst secret = 1;\n"
    "export default function makePrice() {}\n",
    "app/lib/cart.ts": 'import { Price } from "./money.js";\n\nexport const cart = new Price();\n',
    "app/ui/Cart.tsx": 'import type { Price } from "../lib/money.js";\nimport { cart } from "../lib/cart.js";\n\n'
    "export const Cart = (p: Price) => <div>{cart}</div>;\n",
    "app/ui/url.ts": "export const link = new URL('x');\n",
    "app/ui/other.ts": "export const other = new URL('y');\n",
    "app/ui/odd.ts": "import { URL } from 'node:url';\nexport const odd = new URL('z');\n",
    "go.mod": "module example.org/x\n",
    "cmd/main.go": 'package main\n\nimport (\n\t"strings"\n\n\tlog "example.org/x/logs"\n)\n\n'
    'func main() { log.Print(strings.ToUpper("a")) }\n',
    "cmd/other.go": "package main\n\nvar logger = newLogger()\n",
    "rs/src/a.rs": "use std::collections::HashMap;\n\npub struct A { x: HashMap<u8, u8> }\n",
    "rs/src/b.rs": "use std::collections::{BTreeMap, HashMap};\n\npub fn b(x: HashMap<u8, BTreeMap<u8, u8>>) {}\n",
    "java/a/One.java": "package a;\n\nimport java.util.List;\n\nclass One { List<Two> x; }\n",
    "java/a/Two.java": "package a;\n\nclass Two {}\n",
    ".env": "MONEY=Money\n",
    ".assistignore": "hidden/\n",
    "hidden/money.py": "from secret import Money\nMoney()\n",
}  # fmt: skip


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    found = corpus_of(tmp_path_factory.mktemp("workspace") / "w", FILES)
    yield found
    found.reader.close()


def document(corpus: Corpus, path: str, text: str = "") -> Document:
    return Document(os.path.join(corpus.root, path), split_lines(text), language_of(path))


def test_a_constant_is_found_by_the_words_of_its_name(corpus: Corpus) -> None:
    own = document(corpus, "src/shop/log.py", "clerk = get()\nMOST_ROWS = 3\n")
    found = WorkspaceFiles(own, [corpus]).using("MAX_LINES", 20)
    assert [os.path.relpath(each.path, corpus.root) for each in found] == ["src/goods/far.py"]


def test_open_documents_that_use_a_name_come_first_in_the_order_of_their_edits(corpus: Corpus) -> None:
    opened = [
        document(corpus, "src/shop/web/page.py", "x = Money\n"),
        document(corpus, "tests/test_till.py", "total = 1\n"),
        Document("untitled:1", ("Money\n", ""), language_of("a.py")),
    ]
    own = document(corpus, "src/shop/till.py", "Money\n")
    found = WorkspaceFiles(own, [corpus], opened).using("Money", 20)
    names = [
        os.path.relpath(each.path, corpus.root) if os.path.isabs(each.path) else each.path for each in found
    ]
    assert names[:2] == ["src/shop/web/page.py", "untitled:1"]
    assert set(names[2:]) == {
        "src/shop/money.py",
        "src/shop/cart.py",
    }  # not the open test: its text has changed
    assert found[0].lines == ("x = Money\n", "")
    assert all(each.language.name == "python" for each in found)


def test_the_limit_is_kept(corpus: Corpus) -> None:
    own = document(corpus, "src/shop/till.py")
    assert len(WorkspaceFiles(own, [corpus]).using("Money", 2)) == 2


def test_nothing_hidden_or_denied_is_seen(corpus: Corpus) -> None:
    own = document(corpus, "src/shop/new.py")
    files = WorkspaceFiles(own, [corpus])
    assert not any("hidden" in each.path or ".env" in each.path for each in files.using("Money", 50))
    late = Corpus(corpus.root, corpus.reader, hidden=lambda path: path.startswith("src/"))
    hidden = WorkspaceFiles(own, [late])
    assert not any("/src/" in each.path for each in hidden.using("Money", 50))


def test_a_file_that_changed_since_it_was_indexed_is_not_seen(tmp_path: Path) -> None:
    root = tmp_path / "w"
    corpus = corpus_of(root, {"a.py": "from b import c\n\nc()\n"})
    own = document(corpus, "new.py")
    assert [each.path for each in WorkspaceFiles(own, [corpus]).using("c", 5)] == [str(root / "a.py")]
    put(root, "a.py", "from other import c\n\nc()\n\n\n")
    later = Corpus(str(root), corpus.reader)
    assert WorkspaceFiles(own, [later]).using("c", 5) == []
    corpus.reader.close()


def test_without_an_index_only_open_documents_count() -> None:
    own = Document("/w/a.py", ("",), language_of("a.py"))
    other = Document("/w/b.py", ("c()\n", ""), own.language)
    files = WorkspaceFiles(own, [], [other])
    assert files.using("c", 5) == [other]


def test_few_files_are_read_however_many_use_a_name(tmp_path: Path) -> None:
    texts = {f"p/m{at}.py": f"from far import thing\n\nthing({at})\n" for at in range(300)}
    corpus = corpus_of(tmp_path / "w", texts)
    assert len(WorkspaceFiles(document(corpus, "p/new.py"), [corpus]).using("thing", 6)) == 6
    assert sum(corpus.is_cached(f"p/m{number}.py") for number in range(300)) <= 8
    corpus.reader.close()
