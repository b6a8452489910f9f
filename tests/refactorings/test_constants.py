"""Literals that become constants."""

import pytest
from wished_workspaces import Refused, Wished

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


def test_a_constant_with_another_value_is_named(refused: Refused) -> None:
    text = "FULL = 1\nOTHER = 2\n\n\ndef pay():\n    return 100\n"
    words = "replace the 100 with a constant FULL"
    assert refused({"a.py": text}, "a.py:pay", words) == "`FULL` is 1 already; choose another name"
