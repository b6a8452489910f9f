"""Which members a list of the editor refutes: lists as real servers give them, and where they do not tell."""

from dataclasses import replace

import pytest

from assist_context.documents import Context, MemberAccess
from assist_context.languages import language_of
from assist_server.editor.member_lists import AccessPlace, MemberList, find_place, refutes
from assist_server.workspace.documents import OpenDocument

METHOD, FIELD, PROPERTY, KEYWORD, SNIPPET, TEXT = 2, 5, 10, 14, 15, 1
DUNDERS = ("__class__", "__doc__", "__init__")
# pyright, ty, gopls and rust-analyzer call every list incomplete.
CART = MemberList(frozenset({"add", "total", *DUNDERS}), frozenset({METHOD, PROPERTY}), incomplete=True)


def place(name: str, before: str, after: str = "\n") -> AccessPlace:
    document = OpenDocument(f"file:///{name}", name, "", 1, [])
    found = find_place(document, Context(name, language_of(name), before, after))
    assert found is not None
    return found[0]


@pytest.mark.parametrize(
    ("line", "receiver", "typed"),
    [
        ("x = cart.", "cart", 0),
        ("x = cart.am", "cart", 2),
        ("x = self.cart.", "self.cart", 0),
        ("x = cart?.am", "cart", 2),
        ("x = Cart().", "Cart()", 0),
        ("x = carts[0].", "carts[0]", 0),
        ("x = cart!.", "cart!", 0),
        ("return new Cart('a').it.", "new Cart( ).it", 0),
    ],
)
def test_the_expression_before_the_dot_is_found(line: str, receiver: str, typed: int) -> None:
    document = OpenDocument("file:///a.ts", "a.ts", "", 1, [])
    found = find_place(document, Context("a.ts", language_of("a.ts"), f"y\n{line}", "\n"))
    assert found is not None
    assert found[0].follows(receiver)
    assert found[1] == typed


def test_a_chain_goes_on_from_the_line_above() -> None:
    assert place("a.ts", "x = cart\n    .").follows("cart")
    assert place("a.ts", "x = cart\n    .all()\n    .").follows("cart.all()")


@pytest.mark.parametrize("line", ["x = ", "x = cart", "f(...", "0..", "a. b"])
def test_elsewhere_there_is_no_dot(line: str) -> None:
    document = OpenDocument("file:///a.py", "a.py", "", 1, [])
    assert find_place(document, Context("a.py", language_of("a.py"), line, "\n")) is None


@pytest.mark.parametrize("receiver", ["art", "cart", "x.cart"])
def test_a_part_of_an_expression_is_not_it(receiver: str) -> None:
    assert not place("a.py", "y = mycart.").follows(receiver)
    assert not place("a.py", "y = other.cart.").follows(receiver)


def test_what_is_typed_of_a_member_is_the_same_place() -> None:
    assert place("a.py", "x = cart.") == place("a.py", "x = cart.am")


def test_a_member_that_is_not_listed_is_refuted() -> None:
    at = place("a.py", "x = cart.")
    assert refutes(at, CART, MemberAccess("cart", "amount"))
    assert not refutes(at, CART, MemberAccess("cart", "total"))
    assert not refutes(at, CART, MemberAccess("cart", "__hash__"))


@pytest.mark.parametrize(
    "listed",
    [
        MemberList(frozenset(), frozenset()),
        replace(CART, missing=True),
        replace(CART, kinds=CART.kinds | {TEXT}),
        replace(CART, kinds=CART.kinds | {KEYWORD}),
        replace(CART, kinds=frozenset({SNIPPET})),
        replace(CART, names=CART.names | {"__getattr__"}),
        replace(CART, names=frozenset(DUNDERS)),
        replace(CART, problems=('Import "orm" could not be resolved',)),
        replace(CART, problems=("Cannot resolve imported module `orm`",)),
    ],
    ids=[
        "nothing",
        "cut",
        "words",
        "all that is in scope",
        "snippets",
        "any name",
        "unknown to ty",
        "pyright",
        "ty",
    ],
)
def test_what_does_not_tell_refutes_nothing(listed: MemberList) -> None:
    assert not refutes(place("a.py", "x = cart."), listed, MemberAccess("cart", "amount"))


def test_a_stub_without_its_source_has_types() -> None:
    said = 'Import "yaml" could not be resolved from source. Stub file found'
    assert refutes(
        place("a.py", "x = cart."), replace(CART, problems=(said,)), MemberAccess("cart", "amount")
    )


def test_an_incomplete_list_tells_only_where_every_list_is_called_so() -> None:
    access = MemberAccess("cart", "amount")
    assert refutes(place("a.go", "x = cart."), CART, access)
    assert refutes(place("a.rs", "x = cart."), CART, access)
    assert not refutes(place("a.ts", "x = cart."), CART, access)
    assert refutes(place("a.ts", "x = cart."), replace(CART, incomplete=False), access)


def test_what_the_file_says_of_the_same_object_exists() -> None:
    access = MemberAccess("User", "objects")
    assert refutes(place("a.py", "x = User.", "\ny = user.objects\n"), CART, access)
    assert not refutes(place("a.py", "User.objects.all()\nx = User."), CART, access)
    assert not refutes(place("a.py", "x = User.", "\ny = User.objects\n"), CART, access)
    assert refutes(place("a.py", "x = User.", "\ny = User.objects_of()\n"), CART, access)


@pytest.mark.parametrize(
    ("member", "kinds", "refuted"),
    [
        ("toString", {FIELD}, False),  # every object has it, and TypeScript does not list it
        ("HOME", {FIELD}, False),  # a record may have any key, as `process.env`
        ("HOME", {FIELD, METHOD}, True),
        ("fullName", {FIELD}, True),
    ],
)
def test_objects_of_typescript(member: str, kinds: set[int], refuted: bool) -> None:
    listed = MemberList(frozenset({"TZ"}), frozenset(kinds))
    assert refutes(place("a.ts", "x = env."), listed, MemberAccess("env", member)) is refuted
