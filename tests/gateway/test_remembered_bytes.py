"""What is remembered of requests is bounded in bytes, whatever they are made of: counted is what is held."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from assist_escalation.redaction.known_secrets import Known
from assist_gateway.clean_text_cache import CleanTextCache
from assist_gateway.dialects.answers import AnswerMemory
from assist_gateway.dialects.json_places import JsonPlace
from assist_gateway.fingerprints.letters import letters_of
from assist_gateway.fingerprints.plain_views import plain_view
from assist_gateway.fingerprints.print_index import print_index
from assist_gateway.fingerprints.prints import file_prints, print_key
from assist_gateway.proxy.kept_texts import KeptTexts
from assist_gateway.proxy.outbound_messages import MessageRules, OutboundMessages
from assist_gateway.proxy.redaction import PlaceGroup, StringRedactor

MANY = 200
TEXTS = ("", "word " * 60, "\U0001f600" * 300)
KEY = print_key(b"a secret of this installation")


def nothing(text: str, claims: tuple[str, ...] | None) -> tuple[Any, ...]:
    return ()


def redactor() -> StringRedactor:
    return StringRedactor(Known(), (), b"k" * 32)


def remember_redacted() -> tuple[Callable[[str], object], Callable[[], int]]:
    known = redactor()

    def add(text: str) -> None:
        place = JsonPlace({"content": text}, "content", text, "user", (), item=0)
        known.redact([PlaceGroup(lambda: [place])], Known())

    return add, lambda: known.size


def remember_messages() -> tuple[Callable[[str], object], Callable[[], int]]:
    known = OutboundMessages(redactor(), KeptTexts())
    rules = MessageRules(nothing, "cut", Known(), "chat", lambda _: True)

    def add(text: str) -> None:
        message = {"role": "user", "content": text}
        known.leave([message], [JsonPlace(message, "content", text, "user", (), item=0)], rules)

    return add, lambda: known.size


def remember_answers() -> tuple[Callable[[str], object], Callable[[], int]]:
    known = AnswerMemory()

    def add(text: str) -> None:
        known.remember(text, f"{text} again")
        known.remember_opaque(text)

    return add, lambda: known.size


def remember_strange() -> tuple[Callable[[str], object], Callable[[], int]]:
    known = CleanTextCache()
    index = print_index([file_prints(letters_of(plain_view(b"the plan\nis to sell\n")), KEY)])
    return lambda text: known.spans(text, index, KEY, ()), lambda: known.size


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("made", [remember_redacted, remember_messages, remember_answers, remember_strange])
def test_no_more_is_held_than_is_counted(
    made: Callable[[], tuple[Callable[[str], object], Callable[[], int]]], text: str
) -> None:
    add, size = made()
    add(f"what is loaded once {text}")
    tracemalloc.start()
    before = size()
    for number in range(MANY):
        add(f"{number} {text}")
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held <= size() - before + 20_000
