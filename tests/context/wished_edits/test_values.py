"""Literals that become constants, and texts that become f-strings or template literals."""

import pytest
from wished_workspaces import Wished

BODY = '"""Prices."""\n\nimport math\n\n\ndef gross(net):\n    return math.ceil(net * 1.2)\n'


def test_a_constant_comes_after_the_imports(wished: Wished) -> None:
    edit = wished({"a.py": BODY}, "a.py:gross", "make 1.2 a constant FACTOR")
    assert edit is not None
    assert edit.texts["a.py"] == (
        '"""Prices."""\n\nimport math\n\nFACTOR = 1.2\n\n\ndef gross(net):\n    return math.ceil(net * FACTOR)\n'
    )


def test_a_constant_that_is_there_is_used_if_its_value_is_the_same(wished: Wished) -> None:
    text = BODY.replace("math\n\n", "math\n\nFACTOR = 1.2\n\n", 1)
    edit = wished({"a.py": text}, "a.py:gross", "use a constant FACTOR for 1.2")
    assert edit is not None
    assert edit.texts["a.py"] == text.replace("net * 1.2", "net * FACTOR")
    other = text.replace("FACTOR = 1.2", "FACTOR = 1.19")
    assert wished({"a.py": other}, "a.py:gross", "use a constant FACTOR for 1.2") is None


def test_a_constant_of_javascript_is_written_as_the_file_is(wished: Wished) -> None:
    text = "import {a} from './a.js';\n\nexport const wait = () => {\n\ta(100);\n};\n"
    edit = wished({"a.js": text}, "a.js", "replace 100 with a constant SHORT")
    assert edit is not None
    assert edit.texts["a.js"] == (
        "import {a} from './a.js';\n\nconst SHORT = 100;\n\nexport const wait = () => {\n\ta(SHORT);\n};\n"
    )


@pytest.mark.parametrize(
    "body",
    [
        "match x:\n        case 5:\n            return 1",  # there a name would be a pattern
        "return x",  # no such literal
        "y: Literal[5] = x\n    return y",
        "return x - -5",
    ],
)
def test_a_literal_that_cannot_be_a_name_is_left(wished: Wished, body: str) -> None:
    text = f"from typing import Literal\n\n\ndef f(x):\n    {body}\n"
    assert wished({"a.py": text}, "a.py:f", "replace 5 with a constant FIVE") is None


F_STRINGS = [
    ('"a %s, %r" % (x, y)', 'f"a {x}, {y!r}"'),
    ('"%.2f%%" % (x,)', 'f"{x:.2f}%"'),
    ('"{} of {}".format(x, y)', 'f"{x} of {y}"'),
    ('"{a}: {b:>4}".format(a=x, b=y)', 'f"{x}: {y:>4}"'),
    ('"a " + x + "{}"', 'f"a {x}{{}}"'),
    ('"a " + d["k"]', "f\"a {d['k']}\""),
    ('r"\\d" + x', 'rf"\\d{x}"'),
]


@pytest.mark.parametrize(("old", "new"), F_STRINGS)
def test_a_text_in_parts_becomes_an_f_string(wished: Wished, old: str, new: str) -> None:
    text = "def f(x, y, d):\n    return {}\n"
    edit = wished({"a.py": text.format(old)}, "a.py:f", "use f-strings")
    assert edit is not None
    assert edit.texts["a.py"] == text.format(new)


@pytest.mark.parametrize(
    "old",
    [
        '"%s" % x',  # a tuple would be taken apart
        '"%d" % (x,)',  # a float would be cut
        '"%5s" % (x,)',  # on the other side
        '"%(a)s" % x',
        '"{0.name}".format(x)',
        '"{} {}".format(*x)',
        'x + " a"',  # which may be no text
        'b"a" + x',
        '"{}".format(x, y)',  # one is not used
        '"{1} {0}".format(x(), y())',  # in another order
    ],
)
def test_a_text_that_might_become_another_one_is_left(wished: Wished, old: str) -> None:
    assert wished({"a.py": f"def f(x, y):\n    return {old}\n"}, "a.py:f", "use f-strings") is None


def test_what_is_left_of_several_is_told(wished: Wished) -> None:
    text = 'def f(x):\n    a = "a" + x\n    return "%s" % x\n'
    edit = wished({"a.py": text}, "a.py:f", "use f-strings")
    assert edit is not None
    assert edit.texts["a.py"] == text.replace('"a" + x', 'f"a{x}"')
    assert edit.left == ("1 text might become another one, and stay as before: a.py:3",)


def test_template_literals_add_up_what_is_before_the_first_text(wished: Wished) -> None:
    text = "export function f(a, b) {\n\treturn a + b + ' it\\'s `' + b;\n}\n"
    edit = wished({"a.js": text}, "a.js:f", "use template literals")
    assert edit is not None
    assert edit.texts["a.js"] == "export function f(a, b) {\n\treturn `${a + b} it's \\`${b}`;\n}\n"
