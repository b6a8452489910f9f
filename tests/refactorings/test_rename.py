"""Renames over all files: what surely means the name, and what gives the wish back to a model."""

import pytest
from wished_workspaces import Refused, Wished

SHOP = {
    "shop/__init__.py": 'from shop.prices import gross\n\n__all__ = ["gross"]\n',
    "shop/prices.py": "def gross(net, rate=0.2):\n    return net * (1 + rate)\n\n\nBOTH = gross(1), gross(net=2)\n",
    "shop/cart.py": "from shop import gross\n\n\ndef total(nets):\n    # gross, not net\n    return sum(gross(net=n) for n in nets)\n",
    "other.py": "def gross():\n    return 144\n\n\nprint(gross())\n",
}


def test_a_function_is_renamed_through_packages_and_in_all_but_nowhere_else(wished: Wished) -> None:
    edit = wished(SHOP, "shop/prices.py:gross", "rename to with_tax")
    assert edit is not None
    assert edit.texts == {
        path: text.replace("gross", "with_tax").replace("# with_tax", "# gross")
        for path, text in SHOP.items()
        if path != "other.py"
    }
    assert edit.left == ()
    assert edit.notes == ("comments and strings still say `gross`: shop/cart.py:5",)
    assert edit.reading == (
        "rename the function `gross` of shop/prices.py:1 to `with_tax`, with 6 more places in 3 files"
    )


def test_a_parameter_is_renamed_with_the_keywords_of_calls_in_other_files(wished: Wished) -> None:
    edit = wished(SHOP, "shop/prices.py:gross", "rename the parameter net to price")
    assert edit is not None
    assert edit.texts["shop/cart.py"] == SHOP["shop/cart.py"].replace("net=n)", "price=n)")
    assert "return price * (1 + rate)" in edit.texts["shop/prices.py"]
    assert "gross(price=2)" in edit.texts["shop/prices.py"]


def test_a_use_of_an_unknown_object_is_left_and_told(wished: Wished) -> None:
    texts = {
        "a.py": "class Cart:\n    def total(self):\n        return 1\n\n    def pay(self):\n        return self.total()\n",
        "b.py": "def pay(cart):\n    return cart.total()\n",
    }
    edit = wished(texts, "a.py:Cart.total", "rename total to amount")
    assert edit is not None
    assert edit.texts == {"a.py": texts["a.py"].replace("total", "amount")}
    assert edit.left == ("1 use of `total` matched by name only stays unchanged: b.py:2",)


def test_a_string_that_is_the_name_may_be_a_use(wished: Wished) -> None:
    texts = {"a.py": "def pay():\n    return 1\n\n\nWAYS = {'pay': getattr(object, 'pay', None)}\n"}
    edit = wished(texts, "a.py:pay", "rename pay to settle")
    assert edit is not None
    assert edit.left == ("1 use of `pay` matched by name only stays unchanged: a.py:5",)


def test_typescript_keeps_what_is_short_for_a_key(wished: Wished) -> None:
    texts = {
        "a.ts": "export function load(path: string) { return { path }; }\n",
        "b.ts": 'import { load } from "./a";\nexport const loaded = load("x");\n',
    }
    moved = wished(texts, "a.ts:load", "rename it to read")
    assert moved is not None
    assert moved.texts["b.ts"] == texts["b.ts"].replace("load }", "read }").replace("load(", "read(")
    named = wished(texts, "a.ts:load", "rename path to place")
    assert named is not None
    assert named.texts == {"a.ts": "export function load(place: string) { return { path: place }; }\n"}


def test_go_and_rust_follow_functions_in_other_files(wished: Wished) -> None:
    go = {
        "go/a.go": "package a\n\nfunc Open() int { return 1 }\n",
        "go/b.go": "package a\n\nfunc Use() int { return Open() }\n",
    }
    edit = wished(go, "go/a.go:Open", "rename Open to Begin")
    assert edit is not None
    assert edit.texts == {path: text.replace("Open", "Begin") for path, text in go.items()}


TAKEN = "def pay(total):\n    amount = 1\n    return total + amount\n"


@pytest.mark.parametrize(
    ("text", "target", "words"),
    [
        (TAKEN, "a.py:pay", "rename total to amount"),  # it is another variable
        (TAKEN, "a.py:pay", "rename sum to amount"),  # there is no such name
        (TAKEN, "a.py:pay", "rename total to class"),
        ("import click\n\n\n@click.option('--total')\ndef pay(total):\n    return total\n", "a.py:pay", "rename total to sum_"),
        ("class A(Unknown):\n    def run(self):\n        return 1\n", "a.py:A.run", "rename run to start"),
        ("class A:\n    def run(self):\n        return 1\n\n\nclass B(A):\n    def run(self):\n        return 2\n", "a.py:A.run", "rename run to start"),
        ("class A:\n    def __len__(self):\n        return 1\n", "a.py:A.__len__", "rename to size"),
        ("def f():\n    x = 1\n    return x\n\n\ndef g():\n    x = 2\n    return x\n", "a.py", "rename x to y"),  # which?
        ("def pay(total):\n    return (total\n", "a.py:pay", "rename total to amount"),
    ],
)  # fmt: skip
def test_what_is_not_certain_is_a_models(wished: Wished, text: str, target: str, words: str) -> None:
    assert wished({"a.py": text}, target, words) is None


@pytest.mark.parametrize(
    ("text", "words", "reason"),
    [
        ("def pay(a):\n    return a\n\n\ndef cost(a):\n    return a\n", "rename pay to cost",
         "`cost` already has a meaning in a.py:5; choose another name"),
        ("def pay(a):\n    return a\n", "rename pay to class", "`class` has a special meaning in the language or its tools"),
        ("import b\n\n\n@b.c(1)\ndef pay(net):\n    return net\n", "rename the parameter net to cart",
         "`@b.c(1)` may read the parameter's name"),
        ("from b import pay\n\npay(1)\n", "rename pay to cost", "`pay` is imported"),
    ],
)  # fmt: skip
def test_why_a_rename_cannot_be_made_is_said(refused: Refused, text: str, words: str, reason: str) -> None:
    target = "a.py" if text.startswith("from") else "a.py:pay"
    assert refused({"a.py": text}, target, words).startswith(reason)


def test_a_name_that_is_taken_in_another_file_is_named_with_its_place(refused: Refused) -> None:
    texts = {
        "shop/pay.py": "def gross(a):\n    return a\n",
        "shop/till.py": "from shop.pay import gross\n\nnet = gross(1)\n",
    }
    found = refused(texts, "shop/pay.py:gross", "rename gross to net")
    assert found == "`net` already has a meaning in shop/till.py:1; choose another name"
