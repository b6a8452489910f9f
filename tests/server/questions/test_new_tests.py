"""New tests: where they go, how they begin, and what is kept of an answer that was cut."""

from pathlib import Path

import pytest

from assist_context.documents import Document, split_lines
from assist_context.evidence.call_graph import TargetLines
from assist_context.languages import language_of
from assist_context.relations.path_index import make_path_index
from assist_escalation.edits.plan import Base, EditError, EditTarget, hash_text
from assist_escalation.edits.planner import plan
from assist_server.questions.new_tests import PlaceForTests, place_for_tests, write_head
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
    assert place_for_tests((path, text, name), make_path_index([path, *files]), Path("/nowhere")) == place


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
    assert write_head(target(path, text, name), PlaceForTests(place), shown) == head


@pytest.mark.parametrize("end", ["\n", ""])
def test_rust_tests_are_added_below_the_file(end: str) -> None:
    text = RUST.rstrip("\n") + end
    head = write_head(target("src/lib.rs", text, "two"), PlaceForTests("src/lib.rs", 3, "tests"), "")
    answer = (
        f"```rust\n{head}\n    #[test]\n    fn is_two() {{\n        assert_eq!(two(), 2);\n    }}\n}}\n```\n"
    )
    made = plan(
        answer, {"src/lib.rs": Base("src/lib.rs", text, hash_text(text))}, EditTarget("src/lib.rs", 4, 3)
    )
    after = made.changes[0].after
    assert after.startswith(RUST.rstrip("\n") + "\n\n#[cfg(test)]\nmod tests {\n    use super::*;\n")
    assert after.rstrip("\n").endswith("    }\n}")


HELPER_TESTS = "import os\n\nfrom shop.helpers import get_debug_flag\n\n\ndef test_get_debug_flag():\n    assert not get_debug_flag()\n"
SCRIPT_TESTS = 'import { test, expect } from "vitest";\nimport { total } from "./cart";\n\ntest("total", () => {\n  go();\n});\n'


@pytest.mark.parametrize(
    ("path", "beside", "text", "after"),
    [
        ("shop/helpers.py", "tests/test_helpers.py", HELPER_TESTS, 7),
        ("src/cart.ts", "src/cart.test.ts", SCRIPT_TESTS, 6),
    ],
)
def test_tests_go_into_the_file_of_tests_that_the_module_has(
    path: str, beside: str, text: str, after: int
) -> None:
    files = make_path_index([path, beside])
    found = place_for_tests(
        (path, "", "get_load_dotenv"), files, Path("/nowhere"), {beside: text}.__getitem__
    )
    assert found == PlaceForTests(beside, after, text=text)


def test_the_file_of_tests_is_found_without_an_index(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    known = {"tests/test_helpers.py": HELPER_TESTS}
    source = ("src/shop/helpers.py", "", "get_load_dotenv")
    found = place_for_tests(
        source, make_path_index(["src/shop/helpers.py"]), tmp_path, lambda path: known.get(path, "")
    )
    assert found == PlaceForTests("tests/test_helpers.py", 7, text=HELPER_TESTS)


@pytest.mark.parametrize("text", ["", "app = make_app()\n"])
def test_a_file_that_may_not_be_read_or_has_no_tests_is_not_added_to(text: str) -> None:
    files = make_path_index(["shop/helpers.py", "tests/test_helpers.py"])
    found = place_for_tests(("shop/helpers.py", "", "f"), files, Path("/nowhere"), lambda _: text)
    assert found == PlaceForTests("tests/test_helpers_f.py")


def test_a_file_that_has_the_name_needs_no_import_of_it() -> None:
    place = PlaceForTests("tests/test_helpers.py", 7, text=HELPER_TESTS)
    assert write_head(target("shop/helpers.py", "", "get_debug_flag"), place, "") == ""
    head = write_head(target("shop/helpers.py", "", "get_load_dotenv"), place, "")
    assert head == "from shop.helpers import get_load_dotenv\n"


def added(path: str, text: str, answer: str, *given: str) -> str:
    count = text.count("\n")
    edit = EditTarget(path, count + 1, count, tests=True, given=given)
    return plan(answer, {path: Base(path, text, hash_text(text))}, edit).changes[0].after


def test_imports_of_new_tests_go_to_those_of_the_file() -> None:
    head = "from shop.helpers import get_load_dotenv"
    answer = f"```python\n{head}\nimport os\nimport pytest\n\n\ndef test_it():\n    pytest.skip(get_load_dotenv(os))\n```\n"
    after = added("tests/test_helpers.py", HELPER_TESTS, answer, head, "import pytest")
    assert after == HELPER_TESTS.replace("debug_flag\n\n", f"debug_flag\n{head}\nimport pytest\n\n", 1) + (
        "\n\ndef test_it():\n    pytest.skip(get_load_dotenv(os))\n"
    )
    with pytest.raises(EditError, match="imports shop_tools, which nothing else"):
        added(
            "tests/test_helpers.py",
            HELPER_TESTS,
            "```python\nimport shop_tools\n\ndef test_a():\n    shop_tools.x()\n```\n",
        )


def test_a_new_test_never_takes_the_name_of_another() -> None:
    answer = "```python\ndef test_get_debug_flag():\n    assert True\n```\n"
    after = added("tests/test_helpers.py", HELPER_TESTS, answer)
    assert after == f"{HELPER_TESTS}\n\ndef test_get_debug_flag_2():\n    assert True\n"


def test_a_test_that_the_file_has_word_for_word_is_left_out() -> None:
    old = '@pytest.mark.parametrize("value", [1, 2])\ndef test_twice(value):\n    assert double(value) == 2 * value\n'
    new = "def test_none():\n    assert double(0) == 0\n"
    text = f"import pytest\n\nfrom cart import double\n\n\n{old}"
    after = added("tests/test_cart.py", text, f"```python\n{old}\n\n{new}```\n")
    assert after == f"{text}\n\n{new}"
    with pytest.raises(EditError, match=r"only repeats tests of the file \(test_twice\)"):
        added("tests/test_cart.py", text, f"```python\n{old}```\n")


def test_scripts_import_no_name_twice() -> None:
    answer = '```ts\nimport { total } from "../src/cart.js";\nimport { rest } from "./rest";\n\ntest("more", () => {\n  rest();\n});\n```\n'
    after = added("src/cart.test.ts", SCRIPT_TESTS, answer)
    assert after == SCRIPT_TESTS.replace('"./cart";\n', '"./cart";\nimport { rest } from "./rest";\n') + (
        '\ntest("more", () => {\n  rest();\n});\n'
    )
