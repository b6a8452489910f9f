"""What is cut out of a request leaves it in the form that its dialect asks for."""

import json
import re

from assist_gateway.attribution import AttributedSpan
from assist_gateway.dialects.json_places import JsonPlace
from assist_gateway.proxy.kept_texts import KeptTexts


def whole_line(text: str, claims: tuple[str, ...] | None) -> list[AttributedSpan]:
    """The line of a text that has the word, as short lines are cut."""
    del claims
    found = re.search(r".*gold.*", text)
    return [AttributedSpan(*found.span(), "rates.py", "is denied")] if found else []


def test_arguments_of_a_call_are_json_after_a_cut() -> None:
    call = {"arguments": json.dumps({"path": "a.py", "old": "rate = gold", "count": 1})}
    place = JsonPlace(call, "arguments", call["arguments"], "arguments")
    kept = KeptTexts().cut([place], whole_line, "cut")
    notice = "[kept here by assist: 1 line of rates.py, which is denied]"
    assert json.loads(call["arguments"]) == {"path": "a.py", "old": notice, "count": 1}
    assert [(part.path, part.lines) for part in kept] == [("rates.py", 1)]


def test_arguments_without_a_cut_stay_as_they_are_written() -> None:
    written = '{ "path":"a.py",  "old":"\\u00e9" }'
    call = {"arguments": written}
    KeptTexts().cut([JsonPlace(call, "arguments", written, "arguments")], whole_line, "cut")
    assert call["arguments"] == written


def test_of_a_name_that_comes_twice_in_arguments_only_the_value_that_was_judged_leaves() -> None:
    for written in ('{"old": "rate = gold", "old": "x"}', '{"edits": [{"old": "gold", "a": 1, "old": "x"}]}'):
        call = {"arguments": written}
        KeptTexts().cut([JsonPlace(call, "arguments", written, "arguments")], whole_line, "cut")
        assert "gold" not in call["arguments"]
        assert json.loads(call["arguments"]) == json.loads(written)
