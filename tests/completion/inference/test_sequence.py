"""One sequence of a model with one byte per token: only new tokens are computed, and aborts leave it correct."""

import pytest
from fake_llama import MID, FakeLlama

from assist_completion.inference.llama import Aborted
from assist_completion.inference.sequence import LlamaSequence


@pytest.fixture
def llama() -> FakeLlama:
    return FakeLlama("")


@pytest.fixture
def sequence(llama: FakeLlama) -> LlamaSequence:
    return LlamaSequence(llama)


def test_only_what_follows_the_common_prefix_is_computed(llama: FakeLlama, sequence: LlamaSequence) -> None:
    sequence.read([1, 2, 3])
    sequence.read([1, 2, 4, 5])
    assert llama.evaluated == [3, 2]
    assert sequence.tokens == llama.cells[0] == [1, 2, 4, 5]
    assert sequence.computed == 5


def test_the_last_token_is_always_computed(llama: FakeLlama, sequence: LlamaSequence) -> None:
    sequence.read([1, 2, 3])
    sequence.read([1, 2, 3])
    sequence.read([1, 2])
    assert llama.evaluated == [3, 1, 1]
    assert sequence.tokens == llama.cells[0] == [1, 2]


def test_an_appended_token_is_part_of_the_next_prefix(llama: FakeLlama, sequence: LlamaSequence) -> None:
    sequence.read([1, 2])
    sequence.append(3)
    sequence.read([1, 2, 3, 4])
    assert llama.evaluated == [2, 1, 1]
    assert sequence.computed == 3


def test_an_abort_leaves_a_correct_shorter_prompt(llama: FakeLlama, sequence: LlamaSequence) -> None:
    prompt = list(range(200))
    llama.before_slice = lambda: llama.abort.set() if len(llama.cells[0]) == 128 else None
    with pytest.raises(Aborted):
        sequence.read(prompt)
    assert sequence.tokens == llama.cells[0] == prompt[:128]
    llama.before_slice = lambda: None
    llama.abort.clear()
    sequence.read(prompt)
    assert llama.evaluated == [72]
    assert sequence.computed == 200


def test_a_snapshot_can_start_another_sequence(llama: FakeLlama, sequence: LlamaSequence) -> None:
    sequence.read([1, 2, 3])
    snapshot = sequence.save()
    sequence.append(4)
    other = LlamaSequence(llama, 1)
    other.restore(snapshot, 2)
    assert other.tokens == llama.cells[1] == [1, 2]
    assert snapshot.tokens == [1, 2, 3]


def test_of_a_guess_what_the_model_would_write_stays() -> None:
    llama = FakeLlama("def area(width):")
    sequence = LlamaSequence(llama)
    sequence.read([MID, *b"def "])
    following = sequence.append_guess(ord("a"), [*b"reas"])
    assert [chr(each.argmax()) for each in following] == [*"rea("]
    assert sequence.tokens == llama.cells[0] == [MID, *b"def area"]
    assert sequence.append_guess(ord("("), [])[0].argmax() == ord("w")
    assert llama.evaluated == [5, 5, 1]
