"""Parameters that come with a default, or go with what calls pass for them."""

import pytest
from wished_workspaces import Refused, Wished

PAY = "def pay(cart, mode, *, note=''):\n    return cart, note\n\n\npay(1, 2)\npay(1, mode='x', note='y')\n"


def test_a_parameter_with_a_default_goes_to_the_end(wished: Wished) -> None:
    edit = wished({"a.py": PAY}, "a.py:pay", "add a parameter strict = False")
    assert edit is not None
    assert edit.texts["a.py"] == PAY.replace("note=''):", "note='', strict=False):")
    assert edit.reading == "add the parameter `strict=False` to pay; its calls stay, since it has a default"


def test_it_gets_a_type_where_the_others_have_one_and_a_line_where_they_have_one(wished: Wished) -> None:
    text = "def pay(\n    cart: int,\n    note: str = '',\n) -> None:\n    print(cart, note)\n"
    edit = wished({"a.py": text}, "a.py:pay", "add an argument tries with a default of 3")
    assert edit is not None
    assert edit.texts["a.py"] == text.replace("'',\n)", "'',\n    tries: int = 3,\n)")


def test_in_typescript(wished: Wished) -> None:
    text = "export const pay = (cart: number) => cart;\n"
    edit = wished({"a.ts": text}, "a.ts:pay", "add a parameter strict: boolean = false")
    assert edit is not None
    assert edit.texts["a.ts"] == text.replace("number)", "number, strict: boolean = false)")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (PAY, "add a parameter note = 1"),  # it is there
        (PAY, "add a parameter strict = true"),  # another language's word
        (PAY, "add a parameter rows = []"),  # one list for all calls
        ("def pay(cart, **more):\n    return cart, more\n", "add a parameter strict = False"),
        ("import x\n\n\n@x.command(1)\ndef pay(cart):\n    return cart\n", "add a parameter strict = False"),
        ("def pay(cart, mode):\n    return cart, mode\n", "remove the parameter mode"),  # it is used
        ("def pay(cart, mode):\n    return cart\n\n\npay(1, print())\n", "remove the parameter mode"),
        ("def pay(cart, mode):\n    return cart\n\n\npay(*[1, 2])\n", "remove the parameter mode"),
        (
            "def pay(cart, *, mode):\n    return cart\n",
            "remove the parameter mode",
        ),  # the star would be alone
    ],
)
def test_what_is_not_certain_is_a_models(wished: Wished, text: str, words: str) -> None:
    assert wished({"a.py": text}, "a.py:pay", words) is None


def test_a_parameter_goes_with_what_calls_pass_in_all_files(wished: Wished) -> None:
    texts = {
        "shop/pay.py": PAY,
        "shop/till.py": "from shop.pay import pay\n\npay(3, 4)\npay(mode=5, cart=6)\n",
    }
    edit = wished(texts, "shop/pay.py:pay", "remove the unused parameter mode")
    assert edit is not None
    assert edit.texts == {
        "shop/pay.py": "def pay(cart, *, note=''):\n    return cart, note\n\n\npay(1)\npay(1, note='y')\n",
        "shop/till.py": "from shop.pay import pay\n\npay(3)\npay(cart=6)\n",
    }
    assert edit.left == ()
    assert edit.reading == "remove the parameter `mode` of pay, in 4 calls too"


def test_who_gets_the_function_may_pass_it(wished: Wished) -> None:
    edit = wished({"a.py": PAY + "ways = [pay]\n"}, "a.py:pay", "remove the parameter mode")
    assert edit is not None
    assert edit.left == ("1 use of `pay` may still pass it: a.py:7",)


CONNECT = "def connect(host: str):\n    return host\n\n\nconnect('a')\nconnect(host='b')\n"


@pytest.mark.parametrize(
    "words",
    [
        "add a parameter timeout to connect and pass 10 in its callers",
        "add a required parameter timeout, and pass 10 in all calls",
        "add a parameter timeout with 10 at all call sites",
        "add an argument timeout; the callers pass 10",
    ],
)
def test_a_required_parameter_gets_its_value_in_all_calls(wished: Wished, words: str) -> None:
    texts = {"net.py": CONNECT, "app.py": "from net import connect\n\nconnect(\n    'c',\n)\n"}
    edit = wished(texts, "net.py:connect", words)
    assert edit is not None
    assert edit.texts == {
        "net.py": "def connect(host: str, timeout: int):\n    return host\n\n\n"
        "connect('a', timeout=10)\nconnect(host='b', timeout=10)\n",
        "app.py": "from net import connect\n\nconnect(\n    'c', timeout=10,\n)\n",
    }
    assert edit.reading == "add the parameter `timeout: int` to connect, and pass 10 in its calls (3)"
    assert edit.left == ()


def test_it_goes_after_a_star_where_others_may_be_left_out_and_by_its_place_in_javascript(
    wished: Wished,
) -> None:
    words = "add a parameter timeout and pass 10 in its callers"
    edit = wished({"a.py": "def pay(a, b=1):\n    return a\n\n\npay(1, 2)\n"}, "a.py:pay", words)
    assert edit is not None
    assert edit.texts["a.py"] == "def pay(a, b=1, *, timeout):\n    return a\n\n\npay(1, 2, timeout=10)\n"
    edit = wished({"a.ts": "function pay(a: number) { return a; }\npay(1);\n"}, "a.ts:pay", words)
    assert edit is not None
    assert edit.texts["a.ts"] == "function pay(a: number, timeout: number) { return a; }\npay(1, 10);\n"


@pytest.mark.parametrize(
    ("path", "text", "words", "reason"),
    [
        ("a.py", PAY, "add a parameter note = 1", "`note` already has a meaning there (a.py:1)"),
        ("a.py", "def pay(cart, mode):\n    return cart, mode\n", "remove the parameter mode",
         "pay uses it in line 2"),
        ("a.py", "def pay(cart, mode):\n    return cart\n\n\npay(1, print())\n", "remove the parameter mode",
         "the argument at a.py:5 cannot be removed: something is called"),
        ("a.py", "def pay(cart):\n    return cart\n\n\npay(*x)\n",
         "add a parameter mode and pass 1 in its callers", "the arguments of the call at a.py:5 are not known"),
        ("a.ts", "function pay(a, b = 1) { return a; }\npay(1);\n",
         "add a parameter mode and pass 1 in its callers", "earlier parameters are optional"),
        ("a.ts", "function pay(a, b) { return a; }\npay(1);\n",
         "add a parameter mode and pass 1 in its callers", "the arguments of the call at a.ts:2 are not known"),
    ],
)  # fmt: skip
def test_why_a_parameter_cannot_change_is_said(
    refused: Refused, path: str, text: str, words: str, reason: str
) -> None:
    assert refused({path: text}, f"{path}:pay", words).startswith(reason)
