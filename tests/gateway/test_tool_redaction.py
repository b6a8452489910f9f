"""Strings of other tools: what was judged is not judged again, and a secret has one placeholder."""

import json

import pytest

from assist_escalation.redaction.findings import RedactionError
from assist_escalation.redaction.known_secrets import Known
from assist_gateway.dialects.json_places import JsonPlace
from assist_gateway.proxy.redaction import PlaceGroup, StringRedactor

KEY = b"k" * 32
NONE = Known()


def clean(redactor: StringRedactor, value: object, known: Known = NONE, **place: object) -> object:
    holder = {"at": value}
    redactor.redact([PlaceGroup(lambda: [JsonPlace(holder, "at", value, **place)])], known)  # type: ignore[arg-type]
    return holder["at"]


def test_a_string_that_was_judged_is_not_scanned_again() -> None:
    redactor = StringRedactor(Known(), (), KEY)
    first = clean(redactor, 'password = "hunter2-xyz"')
    scanned = redactor.scanned
    assert clean(redactor, 'password = "hunter2-xyz"') == first
    assert redactor.scanned == scanned
    assert "hunter2" not in str(first)


def test_a_placeholder_is_the_same_in_each_turn_and_after_a_restart() -> None:
    text = 'password = "hunter2-xyz"'
    before = StringRedactor(Known(), (), KEY)
    clean(before, 'token = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"')
    assert clean(before, text) == clean(StringRedactor(Known(), (), KEY), text)
    assert clean(before, text) != clean(StringRedactor(Known(), (), b"x" * 32), text)


def test_a_value_that_is_found_later_is_taken_out_of_what_was_judged_before() -> None:
    redactor = StringRedactor(Known(), (), KEY)
    assert clean(redactor, "try hunter2-xyz there") == "try hunter2-xyz there"
    clean(redactor, 'password = "hunter2-xyz"')
    assert "hunter2" not in str(clean(redactor, "try hunter2-xyz there"))


@pytest.mark.parametrize("claims", [("db.ini",), ("a.py", "db.ini"), ("cat", "a.py", "x/db.ini")])
def test_values_without_quotes_are_found_whichever_of_the_named_files_is_of_data(
    claims: tuple[str, ...],
) -> None:
    text = 3 * "import os\n\n\ndef f(a):\n    return a\n" + "[db]\npassword = kestrel-otter\n"
    assert "kestrel" not in str(clean(StringRedactor(Known(), (), KEY), text, claims=claims))


def test_values_of_secret_files_are_followed_as_they_change() -> None:
    redactor = StringRedactor(Known(), (), KEY)
    assert clean(redactor, "say correct-horse") == "say correct-horse"
    assert "correct-horse" not in str(clean(redactor, "say correct-horse", Known(("correct-horse",))))


@pytest.mark.parametrize(
    "value",
    [
        {"password": "hunter2-xyz"},
        {"edits": [{"text": 'a = 1\npassword = "hunter2-xyz"\n'}]},
        json.dumps({"content": 'password = "hunter2-xyz"\n'}),
        json.dumps({"password": "hunter2-xyz"}),
        json.dumps({"a": json.dumps({"content": 'password = "hunter2-xyz"\n'})}),
        [{"api_key": 'x7"quotes"K9fQ2p!'}],
    ],
)
def test_a_secret_is_found_in_every_place_of_a_json(value: object) -> None:
    cleaned = clean(StringRedactor(Known(), (), KEY), value)
    text = json.dumps(cleaned)
    assert "hunter2" not in text
    assert "quotes" not in text
    assert "__SECRET_" in text
    if isinstance(value, str):
        json.loads(str(cleaned))


def test_an_escaped_line_end_takes_no_word_of_the_next_line_from_its_secret() -> None:
    """In the JSON the key seems to go on: `...XpaDv\\nmysql`."""
    text = "export OPENAI_API_KEY=sk-proj-RbXi8jZFwboy5hY1pfAsGArWTsMc4SDSbqgINaOz67mKXpaDv\nmysql -u root -p'laferax.1973'\n"
    cleaned = str(clean(StringRedactor(Known(), (), KEY), json.dumps({"content": text})))
    assert "laferax" not in cleaned
    assert "RbXi8" not in cleaned
    assert json.loads(cleaned)["content"].endswith("'\n")


def test_a_name_of_the_protocol_is_never_replaced() -> None:
    redactor = StringRedactor(Known(("correct-horse",)), (), KEY)
    assert clean(redactor, "read_file", is_word=True) == "read_file"
    with pytest.raises(RedactionError, match="contains a secret"):
        clean(redactor, "call-correct-horse", Known(("correct-horse",)), is_word=True)


def test_what_is_kept_is_bounded() -> None:
    redactor = StringRedactor(Known(), (), KEY, remembered=3_000)
    for number in range(40):
        clean(redactor, f"{number} " + "a word and " * 100)
    scanned = redactor.scanned
    clean(redactor, "39 " + "a word and " * 100)
    assert redactor.scanned == scanned
    clean(redactor, "0 " + "a word and " * 100)
    assert redactor.scanned > scanned
