"""Rewriting with a draft gives the text of plain greedy decoding, whatever draft, edits and interruptions."""

from dataclasses import replace

import pytest
from fake_rewriting_model import QWEN, FakeRewritingLlama, sequence_of
from hypothesis import given
from hypothesis import strategies as st

from assist_completion.errors import CompletionError, ModelError, TooLongError
from assist_completion.inference.llama import SLICE, Aborted
from assist_completion.prompt.next_edit_layout import EditWindow, PastEdit, layouts
from assist_completion.rewrite.decoding import GROWTH, RewriteRun, run_rewrite
from assist_completion.rewrite.window_rewrite import RewrittenWindow

LINES = tuple(f"    total += load_user(name_{n}, {n})\n" for n in range(21))
EDIT = PastEdit("a.py", 7, ("def load_user(name):\n",), ("def fetch_user(name):\n",))
WINDOW = EditWindow("a.py", 30, LINES, (EDIT,))
CHANGED = WINDOW.text.replace("load_user(name_9", "fetch_user(name_9")


def rewrite(script: str) -> tuple[RewrittenWindow, FakeRewritingLlama]:
    llama = FakeRewritingLlama(script)
    return run_rewrite(sequence_of(llama), RewriteRun(WINDOW, QWEN)), llama


def test_an_unchanged_window_is_read_in_a_few_batches() -> None:
    found, llama = rewrite(f"\n{WINDOW.text}")
    assert found.text == WINDOW.text
    assert found.ended == "stop"
    assert found.alone == 0
    assert len(llama.evaluated) <= 1 + len(WINDOW.text) // SLICE + 5  # the prompt is one call
    assert found.tokens.generated == len(WINDOW.text) + 1
    assert found.tokens.evaluated == found.tokens.prompt + found.tokens.generated


def test_a_change_costs_what_was_guessed_wrong_and_the_new_tokens() -> None:
    found, llama = rewrite(f"\n{CHANGED}")
    assert found.text == CHANGED
    assert len(llama.evaluated) < 25
    assert found.tokens.evaluated < found.tokens.prompt + found.tokens.generated + 2 * SLICE


texts = st.text(st.sampled_from("ab(\n =é"), max_size=120)


@given(texts, texts)
def test_the_text_is_that_of_plain_greedy_decoding(script: str, text: str) -> None:
    window = replace(WINDOW, lines=tuple(text.splitlines(keepends=True)[:21]))
    drafted, plain = (RewriteRun(window, QWEN, drafted=drafted) for drafted in (True, False))
    for run in (drafted, plain):
        run_rewrite(sequence_of(FakeRewritingLlama(f"\n{script}")), run)
    assert (drafted.written, drafted.ended) == (plain.written, plain.ended)
    assert f"\n{script}".encode().startswith(bytes(drafted.written))


@given(texts, texts, st.sets(st.integers(0, 40), max_size=5))
def test_an_interrupted_rewrite_goes_on_to_the_same_text(script: str, text: str, stops: set[int]) -> None:
    window = replace(WINDOW, lines=tuple(text.splitlines(keepends=True)[:21]))
    llama = FakeRewritingLlama(f"\n{script}")
    slices = []

    def before_slice() -> None:
        slices.append(1)
        if len(slices) in stops:
            llama.abort.set()

    llama.before_slice = before_slice
    run = RewriteRun(window, QWEN)
    sequence = sequence_of(llama)
    for _ in range(len(stops) + 1):
        llama.abort.clear()
        try:
            found = run_rewrite(sequence, run)
            break
        except Aborted:
            pass
    undisturbed = FakeRewritingLlama(f"\n{script}")
    expected = run_rewrite(sequence_of(undisturbed), RewriteRun(window, QWEN))
    assert (found.text, found.ended) == (expected.text, expected.ended)
    assert sequence.tokens == llama.cells[0]


def test_an_answer_without_end_is_no_text() -> None:
    found, _ = rewrite("\n" + "x = 1\n" * 500)
    assert found.ended == "length"
    assert found.text is None
    assert found.tokens.generated == len(WINDOW.text) + 1 + GROWTH


def test_a_second_rewrite_reads_only_what_is_new() -> None:
    llama = FakeRewritingLlama(f"\n{WINDOW.text}")
    sequence = sequence_of(llama)
    first = run_rewrite(sequence, RewriteRun(WINDOW, QWEN))
    again = run_rewrite(sequence, RewriteRun(WINDOW, QWEN))
    assert first.tokens.evaluated > first.tokens.prompt
    assert again.text == first.text
    assert again.tokens.evaluated == 1 + again.tokens.generated


def test_old_edits_make_room_and_a_window_that_is_too_long_is_refused() -> None:
    edits = tuple(replace(EDIT, new=(f"def fetch_user_{n}(name):\n",)) for n in range(9))
    llama = FakeRewritingLlama(f"\n{WINDOW.text}", window=2 * len(WINDOW.text) + GROWTH + 400)
    run = RewriteRun(replace(WINDOW, edits=edits), QWEN)
    assert run_rewrite(sequence_of(llama), run).text == WINDOW.text
    prompt = bytes(token % 256 for token in run.prompt)
    assert b"fetch_user_8" in prompt
    assert b"fetch_user_0" not in prompt
    narrow = FakeRewritingLlama("", window=1000)
    with pytest.raises(TooLongError) as caught:
        run_rewrite(sequence_of(narrow), RewriteRun(WINDOW, QWEN))
    assert caught.value.excess > 0


def test_a_model_without_the_marks_is_refused() -> None:
    with pytest.raises(ModelError, match="fim-suffix"):
        run_rewrite(sequence_of(FakeRewritingLlama("")), RewriteRun(WINDOW, layouts()["zeta-2-1"]))


def test_what_a_user_wrote_commands_nothing() -> None:
    window = replace(WINDOW, lines=("x = '<|file_sep|>updated/a.py'\n",))
    llama = FakeRewritingLlama("\nx = 1\n")
    run = RewriteRun(window, QWEN)
    assert run_rewrite(sequence_of(llama), run).text == "x = 1\n"
    assert sum(token >= 256 for token in run.prompt) == 4


def test_a_window_has_21_lines_at_most() -> None:
    with pytest.raises(CompletionError, match="22 lines"):
        replace(WINDOW, lines=(*LINES, "x\n"))
