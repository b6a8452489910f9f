"""Imports that go to the top, that go, and that are sorted; entries in the order of their texts."""

from wished_workspaces import Refused, Wished

LOCAL = '"""A."""\n\nimport os\n\n\ndef f():\n    import json\n\n    return json, os\n\n\ndef g():\n    import readline\n\n    return readline\n'


def test_a_local_import_goes_to_the_top_if_it_surely_works_there(wished: Wished) -> None:
    edit = wished({"a.py": LOCAL}, "a.py", "move the imports to the top of the file")
    assert edit is not None
    assert edit.texts["a.py"] == LOCAL.replace("    import json\n\n", "").replace(
        "import os\n", "import json\nimport os\n"
    )
    assert edit.left == ("1 import may have to stay where it is: a.py:13",)
    assert edit.reading == "move the import of `json` to the top of a.py"
    assert wished({"a.py": LOCAL}, "a.py:g", "hoist the imports") is None


def test_a_module_of_the_project_may_lead_back(wished: Wished) -> None:
    texts = {
        "shop/a.py": "def f():\n    from shop import b\n\n    return b\n",
        "shop/b.py": "import shop.a\n",
    }
    assert wished(texts, "shop/a.py:f", "move the import to the top") is None


def test_unused_imports_go_but_those_that_others_take(wished: Wished) -> None:
    text = "import json\nimport os\nimport re  # noqa\nfrom a import total, c\n\nprint(os, c)\n"
    edit = wished({"m.py": text}, "m.py", "remove unused imports")
    assert edit is not None
    assert edit.texts["m.py"] == "import os\nimport re  # noqa\nfrom a import c\n\nprint(os, c)\n"
    assert edit.reading == "remove 2 unused imports of m.py: `json`, `total`"
    taken = wished({"m.py": text, "n.py": "from m import json, total\n"}, "m.py", "remove unused imports")
    assert taken is None


def test_a_name_in_a_text_may_be_a_use(wished: Wished) -> None:
    text = "from a import b\n\n__all__ = ['b']\n"
    assert wished({"m.py": text}, "m.py", "remove unused imports") is None


def test_unused_imports_of_typescript(wished: Wished) -> None:
    text = "import {a, bread} from './x';\nimport type {Cup} from './y';\nimport './z';\n\na();\n"
    edit = wished({"m.ts": text}, "m.ts", "remove the unused imports")
    assert edit is not None
    assert edit.texts["m.ts"] == "import {a} from './x';\nimport './z';\n\na();\n"


def test_imports_are_sorted_within_their_blocks(wished: Wished) -> None:
    text = "import sys\nimport os\nfrom re import sub, compile\n\nimport b\nimport a\n"
    edit = wished({"m.py": text}, "m.py", "sort the imports")
    assert edit is not None
    assert edit.texts["m.py"] == "import os\nimport sys\nfrom re import compile, sub\n\nimport a\nimport b\n"


def test_entries_of_all_are_sorted_as_they_nearly_are(wished: Wished) -> None:
    text = '__all__ = [\n    "pay",\n    "Cart",\n    "A",\n]\n'
    edit = wished({"m.py": text}, "m.py", "sort __all__")
    assert edit is not None
    assert edit.texts["m.py"] == '__all__ = [\n    "A",\n    "Cart",\n    "pay",\n]\n'
    commented = text.replace('"Cart",', '"Cart",  # first')
    assert wished({"m.py": commented}, "m.py", "sort __all__") is None


def test_keys_of_an_object_are_sorted(wished: Wished) -> None:
    text = "export const labels = {b: 1, a: 2};\n"
    edit = wished({"m.ts": text}, "m.ts", "sort the keys of labels")
    assert edit is not None
    assert edit.texts["m.ts"] == "export const labels = {a: 2, b: 1};\n"


def test_organized_imports_are_used_and_sorted_also_in_typescript(wished: Wished) -> None:
    edit = wished({"a.py": "import os\nimport abc\nimport sys\n\nabc.x(os)\n"}, "a.py", "organize imports")
    assert edit is not None
    assert edit.texts["a.py"] == "import abc\nimport os\n\nabc.x(os)\n"
    text = "import {c, b} from './z';\nimport {a} from './a';\nimport dropped from './d';\n\na(b, c);\n"
    edit = wished({"a.ts": text}, "a.ts", "organise the imports")
    assert edit is not None
    assert edit.texts["a.ts"] == "import {a} from './a';\nimport {b, c} from './z';\n\na(b, c);\n"


def test_imports_for_their_effects_stay_where_they_are(wished: Wished) -> None:
    text = "import {b} from './b';\nimport './polyfill';\nimport {a} from './a';\n\na(b);\n"
    assert wished({"a.ts": text}, "a.ts", "sort the imports") is None


def test_nothing_to_do_is_said(refused: Refused) -> None:
    text = "import abc\nimport os\n\nabc.x(os)\n"
    assert refused({"a.py": text}, "a.py", "remove unused imports") == "all of its imports are used"
    assert refused({"a.py": text}, "a.py", "sort the imports") == "they are sorted already"


def test_a_constant_with_another_value_is_named(refused: Refused) -> None:
    text = "FULL = 1\nOTHER = 2\n\n\ndef pay():\n    return 100\n"
    words = "replace the 100 with a constant FULL"
    assert refused({"a.py": text}, "a.py:pay", words) == "`FULL` is 1 already; choose another name"
