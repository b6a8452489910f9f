"""A message that left before leaves as it left, unless another rule, file or secret holds for it by now."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from assist_escalation.errors import RefusedError
from assist_escalation.policy.settings import MatchedText
from assist_escalation.redaction.findings import RedactionError
from assist_escalation.redaction.known_secrets import Known
from assist_gateway.attribution import AttributedSpan
from assist_gateway.dialects.bodies import inspect
from assist_gateway.proxy.kept_texts import KeptTexts
from assist_gateway.proxy.outbound_messages import MessageRules, OutboundMessage, OutboundMessages
from assist_gateway.proxy.redaction import StringRedactor

SECRET = {"role": "user", "content": 'password = "hunter2-xyz"'}


class Texts:
    """The messages of one tool, and how much of them was looked at."""

    def __init__(self) -> None:
        self.redactor = StringRedactor(Known(), (), b"k" * 32)
        self.messages = OutboundMessages(self.redactor, KeptTexts())
        self.judged: list[str] = []

    def nothing(self, text: str, _: tuple[str, ...] | None) -> Sequence[AttributedSpan]:
        self.judged.append(text)
        return ()

    def leave(
        self, *messages: dict[str, Any], judge: Any = None, known: Known | None = None, **rules: Any
    ) -> list[OutboundMessage]:
        """The messages as they leave, when a tool sends these."""
        body = json.loads(json.dumps({"messages": messages}))
        places = inspect("chat", body, uninspected=False).places
        matched: MatchedText = rules.get("matched", "cut")
        holds = MessageRules(judge or self.nothing, matched, known or Known(), "chat", lambda _: True)
        return self.messages.leave(body["messages"], places, holds)[1:]

    def bytes_of(self, *messages: dict[str, Any], **rules: Any) -> str:
        return b"\n".join(left.data for left in self.leave(*messages, **rules)).decode()


def said(text: str, **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": text, **more}


def keep_price(text: str, _: tuple[str, ...] | None) -> Sequence[AttributedSpan]:
    """A file that may not leave holds the word `price`."""
    start = text.find("price")
    return (AttributedSpan(start, start + 5, "prices.csv", "is denied"),) if start >= 0 else ()


def test_a_message_that_left_is_not_looked_at_again() -> None:
    texts = Texts()
    first = texts.leave(said("a"), SECRET)
    count = len(texts.judged), texts.redactor.scanned
    assert texts.leave(said("a"), SECRET)[:2] == first
    assert (len(texts.judged), texts.redactor.scanned) == count
    again = texts.leave(said("a"), SECRET, said("b"))
    assert again[0] is first[0]
    assert again[1] is first[1]


def test_a_secret_that_is_found_later_is_taken_out_of_messages_that_left() -> None:
    texts = Texts()
    before = said('say "hunter2-xyz"')
    assert "hunter2" in texts.bytes_of(before)
    assert "hunter2" not in texts.bytes_of(before, SECRET)
    assert "hunter2" not in texts.bytes_of(SECRET, before)
    assert "hunter2" not in texts.bytes_of(before)


def test_a_secret_with_quotes_is_taken_out_of_json_that_left() -> None:
    texts = Texts()
    inner = said(json.dumps({"shown": 'x7"K9fQ2p!zz'}))
    assert "K9fQ2p" in texts.bytes_of(inner)
    assert "K9fQ2p" not in texts.bytes_of(inner, known=Known(('x7"K9fQ2p!zz',)))


def test_a_refused_request_leaves_no_message_that_was_not_looked_at() -> None:
    texts = Texts()
    before = said("say correct-horse")
    bad = {"role": "tool", "tool_call_id": "call-correct-horse", "content": "x"}
    assert "correct-horse" in texts.bytes_of(before)
    for _ in range(2):
        with pytest.raises(RedactionError):
            texts.leave(before, bad, known=Known(("correct-horse",)))
    assert "correct-horse" not in texts.bytes_of(before, known=Known(("correct-horse",)))


def test_a_value_of_a_secret_file_is_taken_out_of_messages_that_left() -> None:
    texts = Texts()
    word = {"role": "tool", "tool_call_id": "call-correct-horse", "content": "x"}
    assert texts.bytes_of(said("say correct-horse"), word).count("correct-horse") == 2
    known = Known(("correct-horse",))
    assert "correct-horse" not in texts.bytes_of(said("say correct-horse"), known=known)
    with pytest.raises(RedactionError):
        texts.leave(word, known=known)


def test_a_file_that_is_denied_later_is_cut_out_of_messages_that_left() -> None:
    texts = Texts()
    assert "price" in texts.bytes_of(said("the price"))
    left = texts.leave(said("the price"), judge=keep_price)
    assert b"the [kept here by assist: 1 line of prices.csv" in left[0].data
    assert [lines.path for lines in left[0].kept] == ["prices.csv"]
    assert "the price" in texts.bytes_of(said("the price"))


def test_what_is_cut_is_refused_once_that_is_the_rule() -> None:
    texts = Texts()
    assert "prices.csv" in texts.bytes_of(said("the price"), judge=keep_price)
    with pytest.raises(RefusedError):
        texts.leave(said("the price"), judge=keep_price, matched="refuse")


def test_a_result_of_another_file_is_another_message() -> None:
    def of_file(text: str, claims: tuple[str, ...] | None) -> Sequence[AttributedSpan]:
        kept = claims and "b.py" in claims and text == "x = 1"
        return (AttributedSpan(0, 5, "b.py", "is denied"),) if kept else ()

    def read(path: str) -> tuple[dict[str, Any], dict[str, Any]]:
        function = {"name": "read", "arguments": json.dumps({"path": path})}
        call = {"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": function}]}
        return call, {"role": "tool", "tool_call_id": "c", "content": "x = 1"}

    texts = Texts()
    assert "x = 1" in texts.bytes_of(*read("a.py"), judge=of_file)
    assert "x = 1" not in texts.bytes_of(*read("b.py"), judge=of_file)
    assert "x = 1" in texts.bytes_of(*read("a.py"), judge=of_file)


@pytest.mark.parametrize(
    ("one", "other"), [(1, True), (1, 1.0), (0.0, -0.0), ([], {}), ({"a": 1, "b": 2}, {"b": 2, "a": 1})]
)
def test_a_message_that_python_takes_for_the_same_is_another_one(one: Any, other: Any) -> None:
    texts = Texts()
    texts.leave(said("a", weight=one))
    assert json.dumps(other, separators=(",", ":")) in texts.bytes_of(said("a", weight=other))


def test_marks_for_a_cache_change_bytes_but_not_what_was_said() -> None:
    texts = Texts()
    bare, marked = texts.leave(said("a"), said("a", cache_control={"type": "ephemeral"}))
    assert bare.digest != marked.digest
    assert bare.said == marked.said
