"""A company's rules in the TOML of gitleaks and Betterleaks: what they find, what they leave, what is wrong."""

import pytest

from assist_escalation.errors import EscalationError
from assist_escalation.prompts import Origin, Span
from assist_escalation.redaction.known_secrets import Known, read_rules_file
from assist_escalation.redaction.redactor import RedactionError, redact

RULES = r"""
title = "rules of the harbour"
[extend]
useDefault = true

[[rules]]
id = "harbour-badge"
description = "a badge of the harbour"
regex = '''(?i)\bbadge[ :=]+(hb-[a-z0-9]{8})\b'''
keywords = ["Badge"]
tags = ["people"]

[[rules]]
id = "crane-code"
regex = '''crane/([A-Z]{2})/(?P<code>\d{6})'''
secretGroup = 2
entropy = 1.5
[[rules.allowlists]]
regexTarget = "line"
regexes = ['''practice''']
[[rules.allowlists]]
condition = "AND"
stopwords = ["123", "239"]
paths = ['''(^|/)drills/''']

[[rules]]
id = "tide-word"
regex = '''\Qtide.(\E[[:alpha:]]{6}\)'''
path = '''\.tide\z'''
[rules.allowlist]
stopwords = ["harbor"]
"""


DOCK = "[[rules]]\nid = 'dock'\nregex = '{}'\n"


def taken(text: str, path: str = "", rules: str = RULES) -> list[str]:
    span = Span(text, Origin("file", path=path) if path else Origin("user"))
    return list(
        redact([span], Known(), read_rules_file(rules, "x.toml"), nonce="zq81kd").placeholders.values()
    )


@pytest.mark.parametrize(
    ("text", "path", "secrets"),
    [
        ("the badge hb-4wharf77 opens it", "", ["hb-4wharf77"]),
        ("the BADGE: HB-4WHARF77", "", ["HB-4WHARF77"]),
        ("pass hb-4wharf77", "", []),
        ("at crane/NO/481537", "", ["481537"]),
        ("at crane/NO/111111", "", []),  # too little entropy
        ("in practice, crane/NO/481537", "", []),
        ("at crane/NO/412397", "drills/a.md", []),
        ("at crane/NO/481537", "drills/a.md", ["481537"]),
        ("at crane/NO/412397", "docks/a.md", ["412397"]),
        ("say tide.(madrug)", "a.tide", ["tide.(madrug)"]),
        ("say tide.(madrug)", "", ["tide.(madrug)"]),  # of a text without a path, each rule counts
        ("say tide.(madrug)", "a.txt", []),
        ("say tide.(harbor)", "a.tide", []),
    ],
)
def test_what_the_rules_find(text: str, path: str, secrets: list[str]) -> None:
    assert taken(text, path) == secrets


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ("[[rules]\n", "valid TOML"),
        pytest.param("a = " + "[" * 5000 + "]" * 5000, "valid TOML", id="lists"),
        pytest.param(DOCK.format("(" * 2000 + "a" + ")" * 2000), "rule 'dock' cannot be read", id="groups"),
        pytest.param(DOCK.format("a|" * 5000 + "b"), "rule 'dock' has more than 10,000", id="long"),
        ("title = 'x'\n", "no [[rules]]"),
        ("[extend]\npath = 'base.toml'\n[[rules]]\nid = 'a'\nregex = 'b'\n", "copy its rules here"),
        ("[[rules]]\nregex = 'b'\n", "rule 1: id must be"),
        ("[[rules]]\nid = 'dock'\npath = 'b'\n", "rule 1 (dock) has no regex: to block files"),
        ("[[rules]]\nid = 'dock'\nregex = '(b'\n", "rule 'dock' cannot be read"),
        ("[[rules]]\nid = 'dock'\nregex = 'b*'\n", "rule 'dock' matches an empty text"),
        ("[[rules]]\nid = 'dock'\nregex = 'b'\nsecretGroup = 2\n", "no group 2"),
        ("[[rules]]\nid = 'dock'\nregex = 'b'\nentropy = 'high'\n", "(dock): secretGroup and entropy"),
        ("[[rules]]\nid = 'dock'\nregex = '(?U)b+'\n", "(dock): (?U in its expression"),
        ("[[rules]]\nid = 'dock'\nregex = 'b'\n[rules.allowlist]\nregexes = ['[']\n", "rule 'dock' cannot be read"),
        ("[[rules]]\nid = 'dock'\nregex = 'b'\n[[rules.allowlists]]\nregexTarget = 'file'\n", "regexTarget is"),
        ("[[rules]]\nid = 'dock'\nregex = 'b'\n[[allowlists]]\ntargetRules = ['dock']\n", "targetRules"),
        ("[[rules]]\nid = 'dock'\nregex = 'b'\nkeywords = 7\n", "(dock): keywords must be words"),
    ],
)  # fmt: skip
def test_an_error_names_the_rule_and_the_remedy(rules: str, words: str) -> None:
    with pytest.raises(EscalationError) as error:
        read_rules_file(rules, "x.toml")
    assert words in str(error.value)


def test_a_rule_that_takes_too_long_stops_the_request() -> None:
    rules = "[[rules]]\nid = 'endless'\nregex = '(?:a|aa)+b'\n"
    with pytest.raises(RedactionError, match="rule 'endless' took too long"):
        taken("a" * 3000 + "!", rules=rules)
