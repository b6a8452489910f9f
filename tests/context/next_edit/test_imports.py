"""One import more, or one less, after an edit: what is offered, where it goes, and when nothing is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest
from situations import after_edits, texts_of

from assist_context.documents import Cursor, Document
from assist_context.languages import Language
from assist_context.next_edit.kinds.imports import find_imports
from assist_context.next_edit.offer import EditHunk, Situation

CURSOR = "█"


@dataclass(frozen=True)
class Known:
    """Other files that import names by these statements."""

    statements: Mapping[str, Sequence[str]] = field(default_factory=dict)
    users: tuple[Document, ...] = ()

    def using(self, *_: object) -> tuple[Document, ...]:
        return self.users

    def importing(self, name: str, _: Language) -> list[str]:
        return list(self.statements.get(name, ()))


def situation(
    before: str,
    after: str,
    path: str = "shop/till.py",
    known: Known = Known(),
    earlier: Sequence[EditHunk] = (),
) -> Situation:
    """What the kinds see after an edit; the cursor is at `█`, else at the end of the text."""
    head, _, tail = after.partition(CURSOR)
    at = Cursor(head.count("\n"), len(head.rpartition("\n")[2]))
    seen = after_edits(path, [before, head + tail])
    return replace(seen, cursor=at, hunks=(*earlier, *seen.hunks), others=known)


def results(*arguments: object, **named: object) -> list[str]:
    seen = situation(*arguments, **named)  # type: ignore[arg-type]
    return texts_of(seen, list(find_imports(seen)))


MISSING = [
    # path, the other files' statements, before, after, the result
    (
        "a.py",
        {"Money": ["from shop.money import Money"]},
        "import os\n\nos.x\n",
        "import os\n\nos.x(Money(3))\n",
        "import os\n\nfrom shop.money import Money\n\nos.x(Money(3))\n",
    ),
    (
        "a.py",
        {"Money": ["from shop.money import Money"]},
        "from shop.money import Coin, parse\n\nx = 1\n",
        "from shop.money import Coin, parse\n\nx: Money = 1\n",
        "from shop.money import Coin, Money, parse\n\nx: Money = 1\n",
    ),
    ("a.py", {}, "x = 1\n", "x = os.path.join(a)\n", "import os\n\nx = os.path.join(a)\n"),
    (
        "a.py",
        {"np": ["import numpy as np"]},
        '"""A."""\n\nx = 1\n',
        '"""A."""\n\nx = np.zeros(3)\n',
        '"""A."""\n\nimport numpy as np\n\nx = np.zeros(3)\n',
    ),
    (
        "a.ts",
        {"Money": ['import { Money } from "./money";']},
        "import { a } from './a'\n\nconst x = a\n",
        "import { a } from './a'\n\nconst x: Money = a\n",
        "import { a } from './a'\nimport { Money } from './money'\n\nconst x: Money = a\n",
    ),
    (
        "a.tsx",
        {"Money": ['import type { Money } from "./money";']},
        "import { a } from './money';\n\nconst x = a;\n",
        "import { a } from './money';\n\nconst x = [a, <Money/>];\n",
        "import { a, Money } from './money';\n\nconst x = [a, <Money/>];\n",
    ),
    (
        "a.go",
        {"strings": ['import "strings"'] * 3},
        'package a\n\nimport (\n\t"fmt"\n)\n\nfunc F() {\n}\n',
        'package a\n\nimport (\n\t"fmt"\n)\n\nfunc F() {\n\tstrings.ToUpper("a")\n}\n',
        'package a\n\nimport (\n\t"fmt"\n\t"strings"\n)\n\nfunc F() {\n\tstrings.ToUpper("a")\n}\n',
    ),
    (
        "a.rs",
        {"HashMap": ["use std::collections::HashMap;"]},
        "use std::collections::BTreeMap;\n\nstruct A {\n}\n",
        "use std::collections::BTreeMap;\n\nstruct A {\n    x: HashMap<u8, u8>,\n}\n",
        "use std::collections::{BTreeMap, HashMap};\n\nstruct A {\n    x: HashMap<u8, u8>,\n}\n",
    ),
    (
        "A.java",
        {"List": ["import java.util.List;"]},
        "package a;\n\nimport java.util.Map;\n\nclass A {\n}\n",
        "package a;\n\nimport java.util.Map;\n\nclass A {\n    List<Map> x;\n}\n",
        "package a;\n\nimport java.util.List;\nimport java.util.Map;\n\nclass A {\n    List<Map> x;\n}\n",
    ),
]


@pytest.mark.parametrize(("path", "known", "before", "after", "result"), MISSING)
def test_a_missing_import_is_offered_as_other_files_write_it(
    path: str, known: dict[str, list[str]], before: str, after: str, result: str
) -> None:
    assert results(before, after, path, Known(known)) == [result]


QUIET = [
    ("nobody imports it", {}, "x = 1\n", "x = Money(1)\n"),
    ("the others disagree", {"Money": ["from a import Money", "from b import Money"]}, "x = 1\n", "x = Money(1)\n"),
    ("a parameter", {"json": ["import json"]}, "def f(json):\n    pass\n", "def f(json):\n    json.x()\n"),
    ("bound below", {"Money": ["from a import Money"]}, "x = 1\nMoney = 2\n", "x = Money(1)\nMoney = 2\n"),
    ("imported in the function", {}, "def f():\n    import os\n", "def f():\n    import os\n    os.x()\n"),
    ("imported as something else", {}, "import x as os\n", "import x as os\nos.x()\n"),
    ("everything is imported", {"Money": ["from a import Money"]}, "from a import *\n", "from a import *\nMoney()\n"),
    ("a keyword argument", {"json": ["import json"]}, "f(1)\n", "f(1, json=2)\n"),
    ("a member", {"json": ["import json"]}, "f(x)\n", "f(x.json)\n"),
    ("in a string", {"Money": ["from a import Money"]}, "x = ''\n", "x = 'Money()'\n"),
    ("in a comment", {"Money": ["from a import Money"]}, "x = 1\n", "x = 1  # Money()\n"),
    ("a builtin", {"print": ["from rich import print"]}, "x = 1\n", "print(1)\n"),
    ("it is being typed", {"Money": ["from a import Money"]}, "x = 1\n", "x = Money█\n"),
    ("it does not parse", {"Money": ["from a import Money"]}, "x = 1\n", "x = f(Money(\n"),
    ("it was there before", {"Money": ["from a import Money"]}, "x = Money(1)\n", "x = Money(2)\n"),
    ("a module's name without a member", {}, "x = 1\n", "x = string + 1\n"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("known", "before", "after"), [row[1:] for row in QUIET], ids=[row[0] for row in QUIET]
)
def test_no_import_is_offered(known: dict[str, list[str]], before: str, after: str) -> None:
    assert results(before, after, "a.py", Known(known)) == []


def test_a_few_of_many_files_that_disagree_do_not_matter() -> None:
    known = Known({"Money": ["from a import Money"] * 8 + ["from b import Money"]})
    assert results("x = 1\n", "x = Money(1)\n", "a.py", known) == ["from a import Money\n\nx = Money(1)\n"]


def test_a_name_of_the_own_library_is_imported_if_no_file_has_another_of_that_name() -> None:
    edit = ("x = 1\n", "x = Path(1)\n", "a.py")
    assert results(*edit) == ["from pathlib import Path\n\nx = Path(1)\n"]
    assert results(*edit, Known(users=(Document("b.py", ("Path = 1\n", "")),))) == []


def test_names_of_the_hunks_before_are_offered_too_once_the_first_was_accepted() -> None:
    after = "import os\n\nx = os.sep\ny = re.sub(a)\n"
    first = EditHunk("a.py", 2, ("x = 1\n",), ("x = os.sep\n", "y = re.sub(a)\n"))
    before = after.replace("import os\n\n", "")
    assert results(before, after, "a.py", earlier=[first]) == [
        "import os\nimport re\n\nx = os.sep\ny = re.sub(a)\n"
    ]


REMOVALS = [
    # path, before, after, result
    ("a.py", "import os\nimport re\n\nos.x(re.y)\n", "import os\nimport re\n\nos.x()\n", "import os\n\nos.x()\n"),
    ("a.py", "from a import b, c, d\n\nb(c(d))\n", "from a import b, c, d\n\nb(d)\n", "from a import b, d\n\nb(d)\n"),
    ("a.py", "from a import b, c\n\nb(c)\n", "from a import b, c\n\nb(1)\n", "from a import b\n\nb(1)\n"),
    (
        "a.py",
        "from a import (\n    b,\n    c,\n)\n\nb(c)\n",
        "from a import (\n    b,\n    c,\n)\n\nb(1)\n",
        "from a import (\n    b,\n)\n\nb(1)\n",
    ),
    ("a.py", "import os\n\nimport b\n\nb.x(os)\n", "import os\n\nimport b\n\nb.x()\n", "import b\n\nb.x()\n"),
    ("a.py", "import os\r\n\r\nx = os\r\n", "import os\r\n\r\nx = 1\r\n", "x = 1\r\n"),
    (
        "a.ts",
        'import d, { a, b } from "x";\n\nd(a, b);\n',
        'import d, { a, b } from "x";\n\nd(a);\n',
        'import d, { a } from "x";\n\nd(a);\n',
    ),
    (
        "a.go",
        'package a\n\nimport (\n\t"fmt"\n\n\t"x.org/log"\n)\n\nfunc f() { fmt.P(log.X) }\n',
        'package a\n\nimport (\n\t"fmt"\n\n\t"x.org/log"\n)\n\nfunc f() { fmt.P(1) }\n',
        'package a\n\nimport (\n\t"fmt"\n)\n\nfunc f() { fmt.P(1) }\n',
    ),
    (
        "a.py",
        "if TYPE_CHECKING:\n    from a import B\n    from c import D\n\n\ndef f(b: B, d: D): ...\n",
        "if TYPE_CHECKING:\n    from a import B\n    from c import D\n\n\ndef f(d: D): ...\n",
        "if TYPE_CHECKING:\n    from c import D\n\n\ndef f(d: D): ...\n",
    ),
    (
        "a.rs",
        "use std::fmt::{Debug, Display};\n\nfn f(x: &Debug, y: &Display) {}\n",
        "use std::fmt::{Debug, Display};\n\nfn f(x: &Debug) {}\n",
        "use std::fmt::Debug;\n\nfn f(x: &Debug) {}\n",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("path", "before", "after", "result"), REMOVALS)
def test_an_import_whose_last_use_went_is_offered_for_removal(
    path: str, before: str, after: str, result: str
) -> None:
    assert results(before, after, path) == [result]


KEPT = [
    ("a.py", "if TYPE_CHECKING:\n    from a import B\n\nx: B\n", "if TYPE_CHECKING:\n    from a import B\n\nx: int\n"),
    ("a.py", "import os\n\nx = os.a + os.b\n", "import os\n\nx = os.a\n"),  # still used
    ("a.py", "import os  # noqa\n\nx = os\n", "import os  # noqa\n\nx = 1\n"),
    ("shop/__init__.py", "from a import b\n\nx = b\n", "from a import b\n\nx = 1\n"),
    ("a.py", "from a import b as b\n\nx = b\n", "from a import b as b\n\nx = 1\n"),
    ("a.py", "from a import b\n__all__ = ['b']\nx = b\n", "from a import b\n__all__ = ['b']\nx = 1\n"),
    ("a.py", "from a import b\nx = b  # type: b\n", "from a import b\nx = 1  # type: b\n"),
    ("a.py", "from a import b\n\ndef f(x: b): 'b'\n", "from a import b\n\ndef f(x: 'b'): 'b'\n"),
    ("a.py", "try:\n    import b\nexcept E:\n    b = 1\nx = b\n", "try:\n    import b\nexcept E:\n    b = 1\nx = 2\n"),
    ("a.py", "import os\n\nx = os.sep\n", "import os\n\nx = o█\n"),  # it is being written again
    ("a.py", "import os\n\nx = os.sep\n", "import os\n\nx = f(\n"),
    ("a.py", "import os\n\nx = 1\n", "import os\n\nx = 2\n"),  # was not used before either
    ("a.ts", "import './a.css'\nimport a from './a.css'\nf(a)\n", "import './a.css'\nimport a from './a.css'\nf()\n"),
    ("a.ts", "import { a } from 'x'\nf(a)\nexport { a }\n", "import { a } from 'x'\nf()\nexport { a }\n"),
    ("a.rs", "pub use a::B;\nfn f(x: B) {}\n", "pub use a::B;\nfn f() {}\n"),
    ("a.rs", "use a::B;\nfn f(x: B) { m!(B); }\n", "use a::B;\nfn f() { m!(B); }\n"),
    ("a.go", 'package a\n\nimport _ "embed"\n\nvar embed = 1\n', 'package a\n\nimport _ "embed"\n\nvar x = 1\n'),
]  # fmt: skip


@pytest.mark.parametrize(("path", "before", "after"), KEPT)
def test_an_import_is_kept(path: str, before: str, after: str) -> None:
    assert results(before, after, path) == []


def test_a_name_that_means_something_else_there_is_no_use() -> None:
    before = "import os\n\n\ndef f(os):\n    return os\n\n\nx = os.sep\n"
    after = before.replace("x = os.sep", "x = g.os")
    assert results(before, after, "a.py") == [after.replace("import os\n\n\n", "")]


def test_a_use_that_was_replaced_within_a_line_is_gone() -> None:
    before = "from a import B, C\n\nx = C.d(B)\n"
    assert results(before, before.replace("C.d", "dict█.d"), "a.py") == ["from a import B\n\nx = dict.d(B)\n"]


def test_an_import_that_was_just_written_waits_for_its_use() -> None:
    before = "import os\n\nx = os.sep\n"
    written = EditHunk("a.py", 0, ("\n",), ("import os\n", "\n"))
    assert results(before, before.replace("os.sep", "1"), "a.py", earlier=[written]) == []


def test_an_added_import_that_nothing_uses_gets_no_offer() -> None:
    assert results("x = 1\n", "import os\nx = 1\n", "a.py") == []


def test_a_crate_needs_no_import_but_a_module_of_it_does() -> None:
    known = Known({"memchr": ["use memchr::memchr;"], "fs": ["use std::fs;"]})
    before = "fn f() {\n}\n"
    after = before.replace("{\n", "{\n    memchr::find();\n    fs::read();\n")
    assert results(before, after, "a.rs", known) == [f"use std::fs;\n\n{after}"]


def test_a_macro_of_rust_is_not_the_module_of_the_same_name() -> None:
    known = Known({"vec": ["use std::vec;"]})
    before = "use std::fs;\n\nfn f() {\n    fs::read(a);\n}\n"
    macro = before.replace("fs::read(a);", "fs::read(a);\n    g(vec![1]);\n    assert_eq!(h(), vec![2]);")
    assert results(before, macro, "a.rs", known) == []
    module = before.replace("read(a);", "read(a);\n    let x: vec::IntoIter<u8> = y();")
    assert results(before, module, "a.rs", known) == [module.replace("use std::fs;", "use std::{fs, vec};")]


def test_features_tell_a_missing_import_from_a_needless_one() -> None:
    known = Known({"Money": ["from a import Money"] * 3})
    [missing] = find_imports(situation("x = 1\n", "x = Money(1)\n", "a.py", known))
    [needless] = find_imports(situation("import os\nx = os\n", "import os\nx = 1\n", "a.py"))
    assert missing.features["missing"] == 1
    assert missing.features["share"] == 1
    assert needless.features["unused"] == 1
    assert (missing.pattern, needless.pattern) == ("import from a import Money", "no import os")
    assert {"examples", "places", "distance"} <= missing.features.keys() & needless.features.keys()
