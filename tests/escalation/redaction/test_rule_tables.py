"""The tables of rules: what is wrong with a malformed one, and what holds for those that we ship."""

import re
import tomllib
from importlib import resources

import pytest

from assist_escalation.errors import EscalationError
from assist_escalation.redaction.detectors.phrases import PHRASES, read_phrase
from assist_escalation.redaction.detectors.token_formats import FORMATS, find_format
from assist_escalation.redaction.rule_tables import Rule, parse_rules

KEYS = {"format": "type words"}
GOOD = '[[format]]\ntype = "X"\nwords = "x- y-"\nsource = "common usage"\n'


def test_a_well_formed_table() -> None:
    (rule,) = parse_rules(GOOD, "x.toml", KEYS)["format"]
    assert (rule.text("type"), rule.words()) == ("X", ("x-", "y-"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[format]\n", "x.toml: is not valid TOML"),
        ("", "x.toml: these sections are missing or unknown: format"),
        (GOOD + "[formats]\n", "x.toml: these sections are missing or unknown: formats"),
        ("format = [1]\n", "x.toml, format 1: must be a table"),
        (GOOD + '[[format]]\ntype = "Y"\nsource = "s"\n', "x.toml, format 2: these keys are missing or unknown: words"),
        (GOOD + 'word = "z"\n', "x.toml, format 1: these keys are missing or unknown: word"),
        (GOOD.replace('source = "common usage"\n', ""), "x.toml, format 1: these keys are missing or unknown: source"),
        (GOOD.replace("common usage", " "), "x.toml, format 1: source must be a string that is not empty"),
    ],
)  # fmt: skip
def test_a_malformed_table_is_named(text: str, message: str) -> None:
    with pytest.raises(EscalationError, match=re.escape(message)):
        parse_rules(text, "x.toml", KEYS)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"type": 1}, "t: type must be a string"),
        ({"words": []}, "t: words must be words"),
        ({"words": ["a", 1]}, "t: words must hold strings"),
        ({"place": "middle"}, "t: place is 'middle', but must be one of start, inside, before, anywhere"),
        ({"expression": "x-("}, "t: expression is not a regular expression"),
    ],
)
def test_a_malformed_format_is_named(values: dict[str, object], message: str) -> None:
    good = {"type": "X", "words": "x-", "place": "start", "expression": "x-[0-9]+"}
    with pytest.raises(EscalationError, match=re.escape(message)):
        find_format(Rule("t", {**good, **values}))


def test_a_phrase_with_an_unknown_part_is_named() -> None:
    parts = Rule("parts", {"argument": "(?P<v1>x)", "string": "(?P<v>x)"})
    values = {"type": "X", "words": "x", "sure": "usual", "expression": "x(?&arguments)"}
    with pytest.raises(EscalationError, match="t: expression is not a regular expression"):
        read_phrase(Rule("t", values), parts)


def test_a_key_with_a_question_mark_may_be_missing() -> None:
    keys = {"format": "type words near?"}
    assert parse_rules(GOOD, "x.toml", keys)["format"] == parse_rules(GOOD, "x.toml", KEYS)["format"]
    (rule,) = parse_rules(GOOD + 'near = "z"\n', "x.toml", keys)["format"]
    assert rule.words("near") == ("z",)


def test_numbers_are_whole_and_count_from_zero() -> None:
    assert Rule("t", {"arguments": [2, 1]}).numbers("arguments") == (2, 1)
    for value in (1, [], [-1], [1.5], [True]):
        with pytest.raises(EscalationError, match="t: arguments must"):
            Rule("t", {"arguments": value}).numbers("arguments")


def test_every_expression_is_one_without_what_is_put_around_it() -> None:
    folder = resources.files("assist_escalation.redaction.detectors").joinpath("formats")
    for table in tomllib.loads(folder.joinpath("other_forms.toml").read_text())["format"]:
        re.compile(table["expression"], re.VERBOSE)


def test_every_format_compiles() -> None:
    for each in FORMATS:
        assert each.regex.groups <= 1, each.expression


def test_words_of_formats_and_phrases_are_in_lower_case() -> None:
    for rule in (*FORMATS, *PHRASES):
        assert all(word == word.lower() for word in rule.words), rule.words


def test_every_phrase_has_a_place_for_the_secret() -> None:
    for phrase in PHRASES:
        assert phrase.regex.groupindex, phrase.regex.pattern
        assert all(re.fullmatch(r"v\d?", name) for name in phrase.regex.groupindex), phrase.regex.pattern


def test_every_type_fits_into_a_placeholder() -> None:
    for rule in (*FORMATS, *PHRASES):
        assert re.fullmatch("[A-Z][A-Z0-9_]{0,30}", rule.type), rule.type


def test_the_tables_are_data_of_the_package() -> None:
    names = {each.name for each in resources.files("assist_escalation.redaction.detectors").iterdir()}
    assert {"formats", "token_formats.toml", "phrases.toml", "call_arguments.toml"} <= names
