"""Commit messages from texts before and after: each row is a change, and what is said about it."""

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

import pytest

from assist_context.facts.compared_files import ComparedFile, compared_file
from assist_diffs.messages.message import commit_message
from assist_diffs.messages.style import CommitStyle, read_style
from assist_server.workspace.compared_diff import ComparedDiff
from assist_server.workspace.folder_diff import ChangedFile, DiffLine, FolderDiff

MARKED = CommitStyle(marked=True)
CART = "RATE = 3\n\n\ndef total(items, tax):\n    log(items)\n    if items:\n        return sum(items)\n    return 0\n"
JS = "export function total(items, tax) {\n  const rate = 3;\n  log(items);\n  return items.sum();\n}\n"
GO = "package cart\n\nfunc (c *Cart) Total(tax int) int {\n\tc.log(tax)\n\treturn c.sum\n}\n"


def rows_of(before: str, after: str) -> list[tuple[str, str]]:
    old, new = before.splitlines(), after.splitlines()
    rows: list[tuple[str, str]] = []
    for kind, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            rows += ((" ", line) for line in new[start:end])
        else:
            rows += (*(("-", line) for line in old[first:last]), *(("+", line) for line in new[start:end]))
    return rows


def diff_of(files: Mapping[str, tuple[str, str]]) -> ComparedDiff:
    """A diff of files by their texts before and after, "" for none."""
    changed: list[ChangedFile] = []
    texts: list[ComparedFile] = []
    for path, (before, after) in files.items():
        state = "new" if not before else "deleted" if not after else "changed"
        rows = rows_of(before, after)
        lines = tuple(DiffLine(at, *row) for at, row in enumerate(rows, 1))
        changed.append(ChangedFile(path, 1, 1, state, lines))
        texts.append(compared_file(path, rows))
    return ComparedDiff(FolderDiff("/work", tuple(changed)), tuple(texts))


def message(files: Mapping[str, tuple[str, str]], style: CommitStyle = MARKED, note: str = "") -> str:
    return commit_message(diff_of(files), style, note).text


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("RATE = 3", "RATE = 5", "Change `RATE` from `3` to `5`"),
        ("tax):", "tax, country):", "Add parameter `country` to `total`"),
        ("tax):", "tax=0):", "Let `tax` be `0` by default in `total`"),
        ("(items, tax):", "(items: list, tax: int):", "Add type annotations to `total`"),
        ("def total", "async def total", "Make `total` async"),
        ("    log(items)\n", "    log(items)\n    if tax is None:\n        return 0\n", "Return `0` from `total` when `tax is None`"),
        ("    log(items)\n", "    log(items)\n    if tax < 0:\n        raise ValueError(tax)\n", "Raise `ValueError` in `total` when `tax < 0`"),
        ("    log(items)\n", "    try:\n        log(items)\n    except OSError:\n        pass\n", "Catch `OSError` from `log` in `total`"),
        ("    log(items)\n", "    if tax:\n        log(items)\n", "Call `log` in `total` only when `tax`"),
        ("    log(items)\n", "", "No longer call `log` in `total`"),
        ("log(items)", "log(items, level=2)", "Pass `level=2` to `log` in `total`"),
        ("log(items)", "await log(items)", "Await `log` in `total`"),
        ("sum(items)", "add_up(items)", "Use `add_up` instead of `sum` in `total`"),
        ("if items:", "if items and tax:", "Check `tax` in `total`"),
        ("return 0", "return None", "Use `None` instead of `0` in `total`"),
        ("\ndef total", "\ndef net(items):\n    \"\"\"The sum without the tax.\"\"\"\n    return 1\n\n\ndef total", "Add `net` to `cart.py`\n\nThe sum without the tax"),
        ("total", "grand_total", "Rename `total` to `grand_total`"),
        ("    log(items)\n", "    # first\n    log(items)\n", "Document `total`"),
        ("RATE = 3", "RATE  =  3", "Reformat `cart.py`"),
    ],
)  # fmt: skip
def test_a_change_of_python_is_named(old: str, new: str, said: str) -> None:
    assert message({"cart.py": (CART, CART.replace(old, new))}) == said


@pytest.mark.parametrize(
    ("path", "text", "old", "new", "said"),
    [
        ("cart.ts", JS, "rate = 3", "rate = 5", "Change `rate` from `3` to `5` in `total`"),
        ("cart.ts", JS, "  log(items);", "  if (!items) return [];\n  log(items);", "Return `[]` from `total` when `!items`"),
        ("cart.ts", JS, "  log(items);", "  if (tax < 0) {\n    throw new RangeError('tax');\n  }\n  log(items);", "Throw `RangeError` in `total` when `tax < 0`"),
        ("cart.go", GO, "c.log(tax)", "if tax < 0 {\n\t\treturn ErrTax\n\t}\n\tc.log(tax)", "Return an error from `Cart.Total` when `tax < 0`"),
        ("cart.go", GO, "c.", "b.", "Use `b.log` instead of `c.log` in `Cart.Total`\n\n- Use `b.sum` instead of `c.sum` in `Cart.Total`"),
    ],
)  # fmt: skip
def test_a_change_of_other_languages_is_named(path: str, text: str, old: str, new: str, said: str) -> None:
    assert message({path: (text, text.replace(old, new))}) == said


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a.md": ("# A\nteh cart\n", "# A\nthe cart\n")}, "Change `teh` to `the` in `a.md`"),
        ({"a.md": ("# A\n## B\nx\n", "# A\n## B\nx\n## Tax rates\ny\n")}, 'Document "Tax rates" in `a.md`'),
        ({"CHANGELOG.md": ("# 1\n- Old.\n", "# 1\n- Fix the tax of an empty cart (#12).\n- Old.\n")}, "Fix the tax of an empty cart"),
        ({"requirements.txt": ("rich>=12\n", "rich>=13\n")}, "Update `rich` from >=12 to >=13"),
        ({"package.json": ('{"dependencies": {}}\n', '{"dependencies": {"zod": "^3"}}\n')}, "Add dependency `zod`"),
        ({"Cargo.toml": ('[package]\nversion = "1.0.0"\n', '[package]\nversion = "1.1.0"\n')}, "Bump version from 1.0.0 to 1.1.0"),
        ({"app.yaml": ("port: 80\n", "port: 8080\n")}, "Change `port` from `80` to `8080` in `app.yaml`"),
        ({"tests/test_cart.py": ("x = 1\n", "x = 1\n\n\ndef test_an_empty_cart():\n    assert not total([])\n")}, "Add test `test_an_empty_cart`"),
        ({"cart.py": (CART, "")}, "Remove `cart.py`"),
        ({"cart.py": ("import a\nimport b\n", "import b\nimport a\n")}, "Sort imports in `cart.py`"),
        ({"cart.py": ("import a\nimport b\nx = b\n", "import b\nx = b\n")}, "No longer import `a` in `cart.py`"),
    ],
)  # fmt: skip
def test_files_that_are_no_code_are_named(files: Mapping[str, tuple[str, str]], said: str) -> None:
    assert message(files) == said


def test_the_most_important_thing_comes_first_and_each_has_a_line() -> None:
    files = {
        "README.md": ("# A\n## Use\nx\n", "# A\n## Use\ny and z\n"),
        "tests/test_cart.py": ("x = 1\n", "x = 1\n\n\ndef test_net():\n    assert net(1)\n"),
        "cart.py": (CART, CART.replace("RATE = 3", "RATE = 5") + "\n\ndef net(items):\n    return items\n"),
    }
    assert message(files, note="Shops asked for it.").split("\n") == [
        "Add `net` to `cart.py`",
        "",
        "Shops asked for it.",
        "",
        "- Change `RATE` from `3` to `5`",
        "- Add test `test_net`",
        '- Update "Use" in `README.md`',
    ]


def test_a_long_subject_is_told_in_fewer_words() -> None:
    long = "".join(f"\n\ndef a_rather_long_name_of_a_function_{at}():\n    return {at}\n" for at in range(9))
    lines = message({"a/long/path/of/a/file.py": (CART, CART + long)}).split("\n")
    assert lines[0] == "Add `a_rather_long_name_of_a_function_0` and 8 more to `file.py`"


@pytest.mark.parametrize(
    ("history", "subject"),
    [
        ((), "Change RATE from 3 to 5"),
        (("feat(ui): add a till", "fix(shop): round"), "fix(shop): change RATE from 3 to 5"),
        (("🐛 fix(ui): round", "✨ feat(ui): add"), "🐛 fix(cart): change RATE from 3 to 5"),
        (("shop/till: Round up", "shop: Add a till"), "shop: Change RATE from 3 to 5"),
        (("Added a till.", "Fixed rounding."), "Changed RATE from 3 to 5."),
        (("add a `till`", "round `total`"), "change `RATE` from `3` to `5`"),
    ],
)
def test_a_subject_is_in_the_style_of_the_last_ones(history: Sequence[str], subject: str) -> None:
    files = {"shop/cart.py": (CART, CART.replace("RATE = 3", "RATE = 5"))}
    assert message(files, read_style(history)) == subject
