"""No text breaks the index: cut, mixed and mutated samples give valid lines, and chunks of every line."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rounds import rounds
from samples import SAMPLES

from assist_context.code.symbols import symbols
from assist_context.documents import split_lines
from assist_context.index.extraction import CHUNK_CHARACTERS, DEFINITION_LINES, chunks
from assist_context.languages import PLAIN, Language, language_of


def sound(language: Language, text: str) -> None:
    """What holds for any text."""
    found = symbols(language, text)
    lines = split_lines(text)
    count = len(lines) if lines[-1] else max(1, len(lines) - 1)
    for each in found.definitions:
        assert 1 <= each.start_line <= each.end_line <= count
        assert each.name
        assert each.kind
    for line in [each.line for each in (*found.references, *found.imports)]:
        assert 1 <= line <= count
    assert [each.line for each in found.references] == sorted(each.line for each in found.references)
    covered = chunks(language, text, found.definitions)
    assert "".join(each.text for each in covered) == text or any(
        len(each.text) == CHUNK_CHARACTERS for each in covered
    )
    at = 1
    for each in covered:
        assert each.start_line == at
        assert each.end_line - each.start_line < DEFINITION_LINES
        at = each.end_line + 1
    assert at == (count + 1 if text else 1)


@pytest.mark.parametrize("extension", SAMPLES)
def test_samples(extension: str) -> None:
    sound(language_of(f"a.{extension}"), SAMPLES[extension])
    sound(language_of(f"a.{extension}"), "")


@given(st.sampled_from(sorted(SAMPLES)), st.data())
@settings(max_examples=rounds(200))
def test_cut_samples(extension: str, data: st.DataObject) -> None:
    text = SAMPLES[extension]
    start = data.draw(st.integers(0, len(text)))
    sound(language_of(f"a.{extension}"), text[start : data.draw(st.integers(start, len(text)))])


@given(st.sampled_from(sorted(SAMPLES)), st.sampled_from(sorted(SAMPLES)), st.data())
@settings(max_examples=rounds(150))
def test_mutated_samples(extension: str, other: str, data: st.DataObject) -> None:
    text = SAMPLES[extension]
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(text)))
        piece = data.draw(
            st.sampled_from(
                ["{", "}", "(", '"""', "'", "<", "\r", "\n", "\0", "\u2028", "é", "\ud800", "::", "\f"]
            )
        )
        twice = text[at : at + data.draw(st.sampled_from([0, 0, 40, 400]))]
        text = text[:at] + piece + twice + text[at + data.draw(st.sampled_from([0, 1, 2, 3, 300])) :]
    sound(language_of(f"a.{extension}"), text)
    sound(language_of(f"a.{other}"), text)


@given(st.text(max_size=80), st.sampled_from(sorted(SAMPLES)))
def test_any_text(text: str, extension: str) -> None:
    sound(language_of(f"a.{extension}"), text)


def test_a_long_definition_is_cut_at_a_blank_line() -> None:
    body = "".join(f"    a{i} = {i}\n" + "\n" * (i % 10 == 9) for i in range(100))
    text = f"x = 1\n\n# Says it.\ndef f():\n{body}y = 2\n"
    found = chunks(language_of("a.py"), text, symbols(language_of("a.py"), text).definitions)
    assert found[0].name == ""
    assert [each.name for each in found[1:3]] == ["f", "f"]
    assert found[1].start_line == 3
    assert found[1].text.endswith("9\n\n")
    assert found[-1].text == "\ny = 2\n"


def test_a_method_has_its_own_chunk_and_the_class_its_head() -> None:
    text = "class A:\n    x = 1\n\n    def f(self):\n        pass\n\n    def g(self):\n        pass\n"
    found = chunks(language_of("a.py"), text, symbols(language_of("a.py"), text).definitions)
    assert [(each.name, each.start_line, each.end_line) for each in found] == [
        ("A", 1, 3),
        ("A.f", 4, 6),
        ("A.g", 7, 8),
    ]


def test_without_symbols_there_are_windows() -> None:
    found = chunks(PLAIN, "a\n" * 90, ())
    assert [(each.start_line, each.end_line) for each in found] == [(1, 40), (41, 80), (81, 90)]
