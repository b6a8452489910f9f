"""Made-up secrets: each is recognized by its kind, new in every run, and searched for in halves too."""

from random import Random

from assist_escalation.prompts import Origin, Span
from assist_escalation.redaction.redactor import Known, redact
from assist_gateway.policy_tests.canaries import CanarySecret, all_secrets, marker, other_secrets
from assist_gateway.policy_tests.recorder import RecordedRequest


def test_there_is_one_of_each_format_and_no_two_runs_have_the_same() -> None:
    first, second = all_secrets(Random(1)), all_secrets(Random(2))
    assert len(first) > 450
    assert [made.kind for made in first] == [made.kind for made in second]
    assert not {made.secret for made in first} & {made.secret for made in second}


def test_the_redactor_finds_every_kind_that_no_format_has_in_a_comment_of_code() -> None:
    for seed in range(20):
        for made in other_secrets(Random(seed)):
            text = "\n".join(f"# {line}" for line in made.line.split("\n"))
            done = redact([Span(text, Origin("file", "a.py", "/w"))], Known(), nonce="1a2b")
            assert not made.is_in(done.spans[0].text), made.line


def test_a_marker_is_no_secret() -> None:
    for seed in range(50):
        text = f'label = "{marker(Random(seed))}"'
        assert redact([Span(text, Origin("file", "a.py", "/w"))], Known(), nonce="1a2b").found == ()


def test_half_of_a_secret_is_one_too() -> None:
    made = CanarySecret("key", "key = abcdefghij0123456789", "abcdefghij0123456789")
    assert made.is_in("see abcdefghij there")
    assert made.is_in("see 0123456789 there")
    assert not made.is_in("see abcdefghi there")


def test_a_secret_is_searched_for_in_the_texts_of_json_and_in_the_bytes() -> None:
    body = b'{"messages": [{"content": "line\\nwith \\u0061bc-quoted\\"text"}], "n": 1}'
    request = RecordedRequest(0, "/v1/chat/completions", (("x-key", "in-a-head"),), body)
    assert 'line\nwith abc-quoted"text' in request.text
    assert "\\u0061bc" in request.text
    assert "in-a-head" in request.text
    assert "not json" in RecordedRequest(0, "/", (), b"not json").text
