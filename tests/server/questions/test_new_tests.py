"""New tests: where they go, how they begin, and what is kept of an answer that was cut."""

from pathlib import Path

import pytest

from assist_context.documents import Document, split_lines
from assist_context.evidence.call_graph import TargetLines
from assist_context.languages import language_of
from assist_context.relations.path_index import path_index_of
from assist_escalation.edits.plan import Base, EditTarget, sha256_of
from assist_escalation.edits.planner import plan
from assist_server.questions.new_tests import PlaceForTests, head_of, place_for_tests, whole_tests
from assist_server.questions.targets import QuestionTarget

RUST = "fn two() -> i32 {\n    2\n}\n"


@pytest.mark.parametrize(
    ("path", "text", "name", "files", "place"),
    [
        ("shop/cart.py", "", "Cart.total", ["tests/test_order.py"], PlaceForTests("tests/test_cart.py")),
        ("shop/cart.py", "", "total", ["tests/test_cart.py"], PlaceForTests("tests/test_cart_total.py")),
        ("src/cart.ts", "", "total", ["src/order.test.ts"], PlaceForTests("src/cart.test.ts")),
        ("source/cart.ts", "", "total", ["test/order.ts"], PlaceForTests("test/cart.test.ts")),
        ("shop/cart.go", "", "Total", ["tests/x_test.go"], PlaceForTests("shop/cart_test.go")),
        ("src/lib.rs", RUST, "two", [], PlaceForTests("src/lib.rs", 3, "tests")),
        ("src/lib.rs", RUST + "mod tests {}\n", "two", [], PlaceForTests("src/lib.rs", 4, "two_tests")),
        ("src/lib.rs", RUST.rstrip() + "\nmod tests {}", "Cart::addAll", [], PlaceForTests("src/lib.rs", 4, "cart_add_all_tests")),
    ],
)  # fmt: skip
def test_tests_go_where_the_project_has_them(
    path: str, text: str, name: str, files: list[str], place: PlaceForTests
) -> None:
    assert place_for_tests((path, text, name), path_index_of([path, *files]), Path("/nowhere")) == place


def target(path: str, text: str, name: str) -> QuestionTarget:
    document = Document(path, split_lines(text), language_of(path))
    return QuestionTarget(TargetLines(path, 1, 1), document, name)


@pytest.mark.parametrize(
    ("path", "text", "name", "place", "shown", "head"),
    [
        ("src/shop/cart.py", "", "Cart.total", "tests/test_cart.py", "", "from shop.cart import Cart\n"),
        ("src/cart.ts", "export function total() {}\n", "total", "src/cart.test.ts", "", 'import { total } from "./cart";\n'),
        ("source/cart.ts", "export default class Cart {}\n", "Cart.add", "test/cart.ts", "", 'import Cart from "../source/cart";\n'),
        ("source/cart.ts", "const total = 1;\nexport { total };\n", "total", "test/cart.ts", "import x from '../source/x.js';", 'import { total } from "../source/cart.js";\n'),
        ("source/cart.ts", "function total() {}\n", "total", "test/cart.ts", "", ""),
        ("src/cart.c", "int total() {}\n", "total", "tests/cart.c", "", ""),
    ],
)  # fmt: skip
def test_tests_begin_with_the_import_of_what_is_tested(
    path: str, text: str, name: str, place: str, shown: str, head: str
) -> None:
    assert head_of(target(path, text, name), PlaceForTests(place), shown) == head


@pytest.mark.parametrize("end", ["\n", ""])
def test_rust_tests_are_added_below_the_file(end: str) -> None:
    text = RUST.rstrip("\n") + end
    head = head_of(target("src/lib.rs", text, "two"), PlaceForTests("src/lib.rs", 3, "tests"), "")
    answer = (
        f"```rust\n{head}\n    #[test]\n    fn is_two() {{\n        assert_eq!(two(), 2);\n    }}\n}}\n```\n"
    )
    made = plan(
        answer, {"src/lib.rs": Base("src/lib.rs", text, sha256_of(text))}, EditTarget("src/lib.rs", 4, 3)
    )
    after = made.changes[0].after
    assert after.startswith(RUST.rstrip("\n") + "\n\n#[cfg(test)]\nmod tests {\n    use super::*;\n")
    assert after.rstrip("\n").endswith("    }\n}")


PYTHON = "```python\nfrom a import f\n\n\ndef test_one():\n    assert f(1) == 1\n\n\n@slow\ndef test_two():\n    assert f(2"
VITEST = (
    "```ts\ndescribe('f', () => {\n  it('one', () => {\n    go(1);\n  });\n\n  it('two', () => {\n    go("
)
ENDLESS = (
    "```python\ndef test_all():\n"
    + "".join(f"    assert f({n}) == {n}\n" for n in range(40))
    + "    assert f("
)


@pytest.mark.parametrize(
    ("answer", "suffix", "text", "tests"),
    [
        (PYTHON, "py", "from a import f\n\n\ndef test_one():\n    assert f(1) == 1\n", 1),
        (VITEST, "ts", "describe('f', () => {\n  it('one', () => {\n    go(1);\n  });\n});\n", 1),
        (
            "```rust\nmod tests {\n    #[test]\n    fn a() {\n        go();\n    }\n\n    #[test]\n    fn b() {\n",
            "rs",
            "mod tests {\n    #[test]\n    fn a() {\n        go();\n    }\n}\n",
            1,
        ),
        (ENDLESS, "py", "def test_all():\n" + "".join(f"    assert f({n}) == {n}\n" for n in range(6)), 1),
    ],
)
def test_of_a_cut_answer_the_whole_tests_are_kept(answer: str, suffix: str, text: str, tests: int) -> None:
    kept, count = whole_tests(answer, language_of(f"a.{suffix}"))
    opening, _, rest = kept.partition("\n")
    assert (opening, rest, count) == (answer.partition("\n")[0], f"{text}```\n", tests)


@pytest.mark.parametrize(
    "answer", ["```python\nimport a\n\n\nx = f(", "def test_one():\n    f(", "```python\n"]
)
def test_without_a_whole_test_nothing_is_kept(answer: str) -> None:
    assert whole_tests(answer, language_of("a.py")) == ("", 0)
