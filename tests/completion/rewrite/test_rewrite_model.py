"""The real model: with a draft it writes what it writes token by token, and it ranks lines."""

import ast
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from assist_completion.inference.llama import Abort, Llama, Load
from assist_completion.inference.sequence import LlamaSequence
from assist_completion.prompt.next_edit_layout import EditWindow, PastEdit, layouts
from assist_completion.rewrite.decoding import RewriteRun, fitting_prompt, run_rewrite
from assist_completion.rewrite.line_rank import rank_line
from assist_completion.rewrite.window_rewrite import LineChange
from bench.rewriting.ties import TIE, margin
from bench.rewriting.windows import windows

pytestmark = [pytest.mark.model, pytest.mark.timeout(300)]

QWEN = layouts()["qwen"]
WINDOWS, LINES = 20, 6


@pytest.fixture(scope="module")
def sequence(model_path: Path) -> Iterator[LlamaSequence]:
    llama = Llama(Load(model_path, context=1024, sequences=1, threads=1, decode_threads=1), Abort())
    yield LlamaSequence(llama)
    llama.close()


def test_the_text_is_that_of_plain_greedy_decoding(sequence: LlamaSequence) -> None:
    alone = generated = same = 0
    for window in islice(windows(Path(ast.__file__).parent, LINES), WINDOWS):
        sequence.read(fitting_prompt(sequence.llama, QWEN, window, 0))  # so that both find the same states
        runs = [RewriteRun(window, QWEN, drafted=drafted) for drafted in (False, True)]
        plain, drafted = (run_rewrite(sequence, run) for run in runs)
        assert margin(sequence, *runs) < TIE, (window.path, window.line)
        same += (drafted.text, drafted.ended) == (plain.text, plain.ended)
        alone += drafted.alone
        generated += drafted.tokens.generated
    assert alone < generated / 3
    assert same >= 0.9 * WINDOWS  # the others have another token where two are as good as equal


def test_the_line_that_follows_the_edits_has_the_higher_score(sequence: LlamaSequence) -> None:
    old, new = "    total += load_user(name)\n", "    total += fetch_user(name)\n"
    lines = ("def show(name):\n", old, "    return total\n")
    renamed = PastEdit("a.py", 7, ("def load_user(name):\n",), ("def fetch_user(name):\n",))
    other = PastEdit("a.py", 7, ("x = parse(y)\n",), ("x = parse(y, 1)\n",))
    with_it, without = (
        rank_line(sequence, QWEN, LineChange(EditWindow("a.py", 20, lines, (edit,)), 21, new)).score
        for edit in (renamed, other)
    )
    assert with_it > without
