"""Which files belong together by name: a table of the conventions, in both directions."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rounds import rounds

from assist_context.code.symbols import symbols
from assist_context.documents import split_lines
from assist_context.languages import language_of
from assist_context.relations.counterparts import MAX_SIBLINGS, is_test_place, siblings
from assist_context.relations.path_index import MANY, make_path_index

# Both exist, next to an unrelated file of the same kind; each must be the only sibling of the other.
PAIRS = [
    ("src/cart.py", "tests/test_cart.py"),
    ("src/cart.py", "src/cart_test.py"),
    ("pkg/cart.go", "pkg/cart_test.go"),
    ("src/cart.ts", "src/cart.test.ts"),
    ("src/cart.tsx", "src/cart.spec.ts"),
    ("src/cart.ts", "src/__tests__/cart.ts"),
    ("src/cart.ts", "src/__tests__/cart.test.tsx"),
    ("src/cart.js", "test/cart.js"),
    ("src/cart.ts", "src/cart_test.ts"),
    ("src/cart.ts", "e2e/cart.cy.ts"),
    ("src/main/java/shop/Cart.java", "src/test/java/shop/CartTest.java"),
    ("src/main/java/shop/Cart.java", "src/test/java/shop/TestCart.java"),
    ("src/main/java/shop/Cart.java", "src/test/java/shop/CartIT.java"),
    ("src/main/kotlin/shop/Cart.kt", "src/test/kotlin/shop/CartTests.kt"),
    ("src/main/scala/shop/Cart.scala", "src/test/scala/shop/CartSpec.scala"),
    ("src/main/scala/shop/Cart.scala", "src/test/scala/shop/CartSuite.scala"),
    ("Shop/Cart.cs", "Shop.Tests/CartTests.cs"),
    ("Sources/Shop/Cart.swift", "Tests/ShopTests/CartTests.swift"),
    ("src/Cart.php", "tests/CartTest.php"),
    ("lib/shop/cart.rb", "spec/shop/cart_spec.rb"),
    ("lib/shop/cart.rb", "test/shop/cart_test.rb"),
    ("src/cart.rs", "tests/cart.rs"),
    ("src/cart.rs", "src/cart_tests.rs"),
    ("lua/cart.lua", "spec/cart_spec.lua"),
    ("src/cart.c", "tests/test_cart.c"),
    ("src/cart.cc", "src/cart_unittest.cc"),
    ("bin/cart.sh", "test/cart.bats"),
    ("src/cart.c", "src/cart.h"),
    ("src/cart.cpp", "include/shop/cart.hpp"),
    ("src/cart.py", "src/cart.pyi"),
    ("src/cart.js", "src/cart.d.ts"),
    ("ui/Cart.tsx", "ui/Cart.css"),
    ("ui/Cart.tsx", "ui/Cart.module.scss"),
    ("ui/cart.component.ts", "ui/cart.component.html"),
]


@pytest.mark.parametrize("pair", PAIRS, ids=" ".join)
def test_each_is_the_others(pair: tuple[str, str]) -> None:
    suffix = pair[0][pair[0].rindex(".") :]
    files = make_path_index(
        [*pair, f"src/other{suffix}", f"tests/test_other{suffix}", "README.md", "cart.md"]
    )
    assert siblings(files, pair[0]) == (pair[1],)
    assert siblings(files, pair[1]) == (pair[0],)


# files, the file, its siblings in order
ROWS = [
    ("a/x.py b/x.py a/test_x.py b/test_x.py", "a/x.py", "a/test_x.py"),  # not the one in the other folder
    ("a/x.py b/x.py a/test_x.py b/test_x.py", "b/test_x.py", "b/x.py"),
    ("src/a/x.py src/b/x.py tests/a/test_x.py", "tests/a/test_x.py", "src/a/x.py"),  # a mirrored tree
    ("src/a/x.py src/b/x.py tests/a/test_x.py", "src/b/x.py", ""),
    ("src/a/x.py src/a/test_x.py tests/a/test_x.py", "src/a/x.py", "src/a/test_x.py tests/a/test_x.py"),  # nearest first
    ("src/x.ts src/x.tsx src/x.test.ts", "src/x.test.ts", "src/x.ts src/x.tsx"),
    ("src/x.ts src/x.css src/x.test.ts src/x.stories.tsx", "src/x.ts", "src/x.css src/x.stories.tsx src/x.test.ts"),
    ("src/x.c src/x.h tests/test_x.c", "tests/test_x.c", "src/x.c src/x.h"),
    ("src/x.c src/x.h tests/test_x.c", "src/x.h", "src/x.c tests/test_x.c"),
    ("a/x.c a/x.h b/x.h", "b/x.h", ""),  # a/x.c has its header
    ("x.py x_test.go", "x.py", ""),  # of another language
    ("src/helpers.py tests/helpers.py", "src/helpers.py", ""),  # in Python, a test's name says that it is a test
    ("src/Testament.java src/ament.java", "src/Testament.java", ""),
    ("src/x.ts", "src/x.ts", ""),
    ("src/x.ts", "not/there.ts", ""),
    ("src/.py tests/test_.py", "tests/test_.py", ""),
    ("LICENSE LICENSE_test", "LICENSE", ""),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[1]} of {row[0]}")
def test_siblings(row: tuple[str, str, str]) -> None:
    paths, path, wanted = row
    assert siblings(make_path_index(paths.split()), path) == tuple(wanted.split())


def test_a_common_name_is_found_in_the_same_folder_and_in_the_mirrored_one() -> None:
    numbers = range(MANY + 1)
    files = make_path_index(
        [f"src/p{n}/utils.py" for n in numbers] + [f"tests/p{n}/test_utils.py" for n in numbers]
    )
    assert siblings(files, "src/p7/utils.py") == ("tests/p7/test_utils.py",)
    assert siblings(files, "tests/p9/test_utils.py") == ("src/p9/utils.py",)


def test_they_are_capped() -> None:
    files = make_path_index(["src/x.py", *(f"t{number}/test_x.py" for number in range(30))])
    assert len(siblings(files, "src/x.py")) == MAX_SIBLINGS


FOLDER = st.sampled_from(["", "src/", "src/a/", "tests/", "tests/a/", "src/__tests__/", "include/", "a/"])
STEM = st.sampled_from(
    ["x", "X", "test_x", "x_test", "test_x_test", "x.test", "XTest", "TestX", "x.spec", "x_spec", "Test", "test_", "x.d"]
)  # fmt: skip
SUFFIX = st.sampled_from([".py", ".pyi", ".ts", ".js", ".css", ".module.css", ".d.ts", ".go", ".java", ".rs", ".c", ".h", ".bats", ".sh", ""])  # fmt: skip


@settings(max_examples=rounds(400))
@given(st.sets(st.builds(str.__add__, FOLDER, st.builds(str.__add__, STEM, SUFFIX)), max_size=10))
def test_what_belongs_to_a_file_that_file_belongs_to(paths: set[str]) -> None:
    files = make_path_index(paths)
    for path in paths:
        for sibling in siblings(files, path):
            assert sibling in paths - {path}
            assert path in siblings(files, sibling)


# A file, its text, and whether the line with "used(" is in a test.
PLACES = [
    ("src/cart.rs", "#[cfg(test)]\nmod checks {\n    fn help() { used() }\n}\n", True),
    ("src/cart.rs", '#[cfg(all(test, feature = "std"))]\nmod checks {\n    fn help() { used() }\n}\n', True),
    ("src/cart.rs", '#[cfg(any(test, feature = "std"))]\nmod fakes {\n    fn help() { used() }\n}\n', False),
    ("src/cart.rs", "#[cfg(not(test))]\nmod real {\n    fn help() { used() }\n}\n", False),
    ("build.rs", "fn main() { used() }\n", False),
    ("src/cart.rs", "mod tests_of_speed {\n    fn run() { used() }\n}\n", False),
    ("src/cart.rs", "/// Says so.\n#[test]\n#[should_panic]\nfn it_works() {\n    used()\n}\n", True),
    ("src/cart.rs", '#[tokio::test(flavor = "multi_thread")]\nasync fn works() {\n    used()\n}\n', True),
    ("src/cart.rs", "#[test]\nfn works() {}\n\nfn other() {\n    used()\n}\n", False),
    ("pkg/cart_test.go", "func TestTotal(t *testing.T) {\n\tused()\n}\n", True),
    ("pkg/cart.go", "func TestTotal() {\n\tused()\n}\n", False),
    ("src/cart.ts", 'describe("cart", () => {\n  it("adds", () => {\n    used();\n  });\n});\n', True),
    ("src/cart.ts", "export function test(re) {\n  return used(re);\n}\n", False),
    ("src/cart.spec.ts", "used();\n", True),
    (
        "shop/check.py",
        "class CartCheck(unittest.TestCase):\n    def test_total(self):\n        used()\n",
        True,
    ),
    ("shop/hook.py", "class Hook:\n    def test_connection(self):\n        used()\n", False),
    ("conftest.py", "def cart():\n    used()\n", True),
    ("src/main/java/Cart.java", "class Cart {\n  @Test\n  void adds() {\n    used();\n  }\n}\n", True),
]


@pytest.mark.parametrize(("path", "text", "expected"), PLACES)
def test_what_a_test_is(path: str, text: str, expected: bool) -> None:
    lines = split_lines(text)
    [at] = [number for number, line in enumerate(lines, 1) if "used(" in line]
    around = [
        site.start_line
        for site in symbols(language_of(path), text).definitions
        if site.start_line <= at <= site.end_line
    ]
    assert is_test_place(path, lines, at, around) == expected
