"""How each family is asked for the next edit, and answers written as these models would write them."""

import pytest
from fake_rewriting_model import FakeRewritingLlama

from assist_completion.prompt.next_edit_layout import (
    EditWindow,
    PastEdit,
    PromptPart,
    answer_until,
    lay_out,
    layouts,
    prompt_tokens,
    read_answer,
    text_before,
    unchanged_answer,
    window_around,
)
from assist_context.documents import Cursor

FILE = (
    "import store\n",
    "\n",
    "def show(name):\n",
    "    user = load(name)\n",
    "    print(user)\n",
    "# end\n",
)
EDIT = PastEdit("app.py", 2, ("def show(id):\n",), ("def show(name):\n",))
OTHER = PastEdit("lib/store.py", 40, ("def load(id):\n", "    pass\n"), ("def fetch(name):\n",))
WINDOW = window_around("app.py", FILE, Cursor(3, 8), (OTHER, EDIT), reach=1)


def prompt(name: str, window: EditWindow = WINDOW) -> str:
    return "".join(part.text for part in lay_out(layouts()[name], window))


def test_the_window_is_what_is_near_the_place() -> None:
    assert (WINDOW.line, WINDOW.lines) == (2, FILE[2:5])
    assert (WINDOW.above, WINDOW.below) == (FILE[:2], FILE[5:])
    lines = [f"{n}\n" for n in range(100)]
    assert window_around("a", lines, Cursor(50, 0)).lines == tuple(lines[40:61])
    assert window_around("a", lines, Cursor(0, 0)).lines == tuple(lines[:11])
    assert window_around("a", lines, Cursor(99, 0)).lines == tuple(lines[89:])


def test_a_base_model_continues_pairs() -> None:
    assert prompt("qwen") == (
        "<|file_sep|>original/lib/store.py\ndef load(id):\n    pass\n"
        "<|file_sep|>updated/lib/store.py\ndef fetch(name):\n"
        "<|file_sep|>original/app.py\ndef show(id):\n"
        "<|file_sep|>updated/app.py\ndef show(name):\n"
        "<|file_sep|>original/app.py\ndef show(name):\n    user = load(name)\n    print(user)\n"
        "<|file_sep|>updated/app.py"
    )


def test_sweep_is_asked_as_in_its_own_example() -> None:
    assert prompt("sweep") == (
        "<|file_sep|>lib/store.py.diff\noriginal:\ndef load(id):\n    pass\nupdated:\ndef fetch(name):\n"
        "<|file_sep|>app.py.diff\noriginal:\ndef show(id):\nupdated:\ndef show(name):\n"
        "<|file_sep|>original/app.py\ndef show(id):\n    user = load(name)\n    print(user)\n"
        "<|file_sep|>current/app.py\ndef show(name):\n    user = load(name)\n    print(user)\n"
        "<|file_sep|>updated/app.py"
    )


def test_zeta_reads_the_text_after_the_window_first() -> None:
    assert prompt("zeta-2-1") == (
        "<[fim-suffix]>\n# end\n<[fim-prefix]><filename>edit_history\n"
        "--- a/lib/store.py\n+++ b/lib/store.py\n@@ -41,2 +41,1 @@\n-def load(id):\n-    pass\n+def fetch(name):\n"
        "--- a/app.py\n+++ b/app.py\n@@ -3,1 +3,1 @@\n-def show(id):\n+def show(name):\n"
        "\n<filename>app.py\nimport store\n\n"
        "<|marker_1|>def show(name):\n    user<|user_cursor|> = load(name)\n    print(user)<|marker_2|>\n"
        "<[fim-middle]>"
    )


def test_without_edits_there_is_no_history() -> None:
    window = EditWindow("a.py", 0, ("x = 1\n",))
    assert prompt("zeta-2-1", window) == (
        "<[fim-suffix]>\n<[fim-prefix]><filename>a.py\n<|marker_1|><|user_cursor|>x = 1<|marker_2|>\n<[fim-middle]>"
    )
    assert prompt("sweep", window).startswith("<|file_sep|>original/a.py\nx = 1\n<|file_sep|>current/")


def test_only_the_marks_of_the_layout_command_the_model() -> None:
    window = EditWindow("a.py", 0, ("s = '<|file_sep|>'\n", "{text}\n"))
    parts = lay_out(layouts()["sweep"], window)
    assert [part.text for part in parts if part.is_mark] == ["<|file_sep|>"] * 3
    assert PromptPart("original/a.py\ns = '<|file_sep|>'\n{text}\n") in parts
    tokens = prompt_tokens(parts, FakeRewritingLlama("").tokenize)
    assert sum(token >= 256 for token in tokens) == 3


@pytest.mark.parametrize("name", layouts())
def test_an_unchanged_answer_changes_nothing(name: str) -> None:
    layout = layouts()[name]
    for lines in (FILE[2:5], ("x = 1",), ("\n", "y\n"), ("y\n", "\n"), ("a\r\n", "b\r\n"), ("",)):
        window = EditWindow("a.py", 0, lines)
        assert read_answer(layout, window, unchanged_answer(layout, window)) == window.text


RENAMED = "def show(name):\n    user = fetch(name)\n    print(user)\n"


@pytest.mark.parametrize(
    ("name", "answer", "expected"),
    [
        ("qwen", f"\n{RENAMED}", RENAMED),
        ("sweep", f"\n{RENAMED}", RENAMED),
        ("sweep", f"\n{RENAMED.rstrip()}", RENAMED),
        ("sweep", RENAMED, RENAMED),
        ("zeta-2-1", f"<|marker_1|>{RENAMED.rstrip()}<|marker_2|>", RENAMED),
        ("zeta-2-1", RENAMED.join(("<|marker_1|>", "<|user_cursor|><|marker_2|>")), RENAMED + "\n"),
        ("zeta-2-1", "<|marker_1|><|marker_1|>", WINDOW.text),
        ("zeta-2-1", RENAMED, None),
    ],
)
def test_recorded_answers(name: str, answer: str, expected: str | None) -> None:
    assert read_answer(layouts()[name], WINDOW, answer) == expected


def test_a_files_own_line_ends_come_back() -> None:
    window = EditWindow("a.py", 0, ("a = 1\r\n", "b = 2\r\n"), (PastEdit("a.py", 8, ("c\r\n",), ("d\r\n",)),))
    assert "\r" not in prompt("qwen", window) + prompt("zeta-2-1", window)
    assert read_answer(layouts()["qwen"], window, "\na = 1\nb = 3\n") == "a = 1\r\nb = 3\r\n"


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (EDIT, "def show(id):\n    user = load(name)\n    print(user)\n"),
        (PastEdit("app.py", 4, (), ("    print(user)\n",)), "def show(name):\n    user = load(name)\n"),
        (PastEdit("app.py", 3, ("    gone()\n",), ()), "def show(name):\n    gone()\n" + "".join(FILE[3:5])),
        (PastEdit("app.py", 0, ("import os\n",), ("import store\n",)), WINDOW.text),
        (PastEdit("app.py", 3, ("x\n",), ("y\n",)), WINDOW.text),
        (PastEdit("other.py", 2, EDIT.old, EDIT.new), WINDOW.text),
    ],
)
def test_the_text_before_the_last_edit(edit: PastEdit, expected: str) -> None:
    assert text_before(EditWindow("app.py", 2, FILE[2:5], (EDIT, edit))) == expected


def test_the_newest_edits_are_shown_as_far_as_there_is_room() -> None:
    edits = tuple(PastEdit("a.py", n, (f"{n} = {'x' * 200}\n",), (f"{n}\n",)) for n in range(9))
    shown = prompt("qwen", EditWindow("a.py", 0, ("x\n",), edits))
    assert [f"\n{n}\n" in shown for n in range(9)] == [False] * 5 + [True] * 4


def test_a_line_in_the_answer_comes_after_the_lines_above_it() -> None:
    line = "    user = fetch(name)\n"
    assert answer_until(layouts()["qwen"], WINDOW, 3, line) == "\ndef show(name):\n" + line
    assert answer_until(layouts()["zeta-2-1"], WINDOW, 3, line) == "<|marker_1|>def show(name):\n" + line
