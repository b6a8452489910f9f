"""Every format of a token: ten made from its own table are found whole wherever they are written."""

import random
import re
import string
from collections.abc import Iterator

import pytest

from assist_escalation.errors import EscalationError
from assist_escalation.redaction.detectors.token_formats import (
    FORMATS,
    SUBJECTS,
    TOKENS,
    Format,
    Part,
    Token,
    find_formats,
    github_checksum,
    read_token,
    token_format,
)
from assist_escalation.redaction.rule_tables import Rule

ALL = [(rule, token, FORMATS[number]) for number, (rule, token) in enumerate(TOKENS)]
PRINTABLE = [chr(code) for code in range(33, 127)]
ALPHABETS = {"hex": "[0-9a-f]", "base62": "[A-Za-z0-9]"}
PLACES = [
    "{name}{token}",
    'token_{name} = "{token}"',
    "{name}https://example.com/path?q={token}&page=2",
    "Here it is, {name}{token}.",
    '{{"kind": 3, "{name}": "{token}"}}',
]


def of_subject(subject: str) -> list[tuple[Rule, Token, Format]]:
    return [each for each in ALL if each[0].name.startswith(f"formats/{subject}.toml")]


def written(part: Part, chance: random.Random) -> str:
    if not part.most:
        return part.text
    length = chance.randint(part.least, min(part.most, part.least + 24))
    return "".join(chance.choices([each for each in PRINTABLE if re.fullmatch(part.text, each)], k=length))


def made(rule: Rule, token: Token) -> Iterator[tuple[str, str]]:
    """Ten times a prefix and the rest of a token."""
    chance = random.Random(f"{rule.name} 1")
    for number in range(10):
        body = "".join(written(part, chance) for part in token.bodies[number % len(token.bodies)])
        prefix = token.prefixes[number % len(token.prefixes)] if token.prefixes else ""
        if token.checksum:
            body = body[:30] + github_checksum(prefix + body[:36])
        yield prefix, body


def introduced(token: Token, number: int) -> str:
    """The name of the service, where the token needs it before."""
    name = token.near[number % len(token.near)] if token.near else ""
    return f"{name} key " if token.key_word else f"{name} " if name else ""


@pytest.mark.parametrize("subject", SUBJECTS)
def test_ten_of_each_are_found_whole_in_every_place(subject: str) -> None:
    missed = []
    for rule, token, token_format_ in of_subject(subject):
        for number, (prefix, body) in enumerate(made(rule, token)):
            secret = prefix + body
            for place in PLACES:
                text = place.format(name=introduced(token, number), token=secret)
                found = [text[each.start : each.end].rstrip(".") for each in find_formats(text)]
                if secret.rstrip(".") not in found:
                    missed.append((rule.name, token_format_.type, text, found))
    assert not missed, (len(missed), missed[:5])


@pytest.mark.parametrize("subject", SUBJECTS)
def test_what_is_cut_or_in_a_longer_word_is_no_token(subject: str) -> None:
    taken = []
    for rule, token, token_format_ in of_subject(subject):
        least = min(sum(part.least or len(part.text) for part in each) for each in token.bodies)
        for number, (prefix, body) in enumerate(made(rule, token)):
            half = introduced(token, number) + prefix + body[: least // 2]
            foreign = token_format_.regex.finditer(f"{half}§{body[least // 2 :]}")  # § is of no alphabet
            if token_format_.regex.search(half):
                taken.append((rule.name, "half", half))
            if any(match.start() <= len(half) < match.end() for match in foreign):
                taken.append((rule.name, "over §", half))
            if prefix[:1].isalnum() and token_format_.regex.match(f"n{prefix}{body}", 1):
                taken.append((rule.name, "in a word", prefix + body))
    assert not taken, taken[:5]


@pytest.mark.parametrize("name", [
    "some_long_name_of_a_function_in_a_program_that_has_no_end_1",
    "someLongFunctionNameWithoutAnyDigitsUntilTheVeryLastWordEnds",
    "some-long-name-of-a-class-in-a-style-sheet-that-has-no-end-at-all", "SOME_LONG_NAME_OF_A_CONSTANT_IN_A_PROGRAM_THAT_HAS_NO_END",
    "somelongwordthathasnoendatallandgoesonuntiltheendoftheline",
])  # fmt: skip
def test_a_prefix_before_a_name_begins_no_token(name: str) -> None:
    prefixes = {prefix for _, token, _ in ALL for prefix in token.prefixes if prefix[-1] in "_-."}
    taken = [prefix for prefix in sorted(prefixes) if list(find_formats(f'call("{prefix}{name}", 1)'))]
    assert not taken


@pytest.mark.parametrize("token", [
    "s.4jru12spea00a4vdomtdduso", "sk-LOAyR6fELF0n1x0odrbYx-peNJ2nMfLJ1pJ-V_Xn512ov3Gc", "sk-or-v2-O3siS6HoxS6KZ89wd1amCKdK",
    "xoxd-" + "zCPe5T06lu\\/ZzXN9gl5" * 6, "gcntfy-shop_1" + "-56810b74-2317-410e-a369-fcdebad996ea" * 2,
])  # fmt: skip
def test_a_later_or_an_old_form_is_found(token: str) -> None:
    text = f"see {token} here"
    assert token in [text[each.start : each.end] for each in find_formats(text)]


@pytest.mark.parametrize("text", [
    "commit 3f786850e387550fdab836ed7e6dc881de23001b of wandb", '"integrity": "sha512-' + "Ab9+" * 20 + '=="',
    "datadog/dd-trace-py@3f786850e387550fdab836ed7e6dc881de23001b", "algolia: 9e107d9d372bb6826bd81d3542a419d6",
    "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "npm_config_user_agent", "sk-learn-contrib-hdbscan", "key-value-store-of-the-app",
    "from live_server_helper_with_a_very_long_module_name_indeed import x", "test_longerNameThatLooksLikeSomeKeyButIsNone",
    "s.someVeryLongNameOfAMethod", "s.base64encodethebytesofit", "b.readUint16LengthPrefixed(x)",
])  # fmt: skip
def test_what_only_looks_alike_is_no_token(text: str) -> None:
    assert not [text[each.start : each.end] for each in find_formats(text)]


def test_the_tables_cover_at_least_150_services() -> None:
    services = {service for _, token, _ in ALL for service in token.services}
    assert len(services) >= 150, len(services)


def test_every_source_of_a_token_is_a_document_of_the_service() -> None:
    for rule, _, _ in ALL:
        assert re.match(r"https://[\w.-]+\.\w+/?", rule.text("source")), rule.name
        assert rule.text("what").strip() == rule.text("what"), rule.name


def test_no_two_tables_are_the_same() -> None:
    seen = [(token.prefixes, token.bodies, token.near) for _, token, _ in ALL]
    assert len(set(seen)) == len(seen)


def test_a_right_checksum_proves_a_token_and_a_wrong_one_proves_nothing() -> None:
    assert (
        github_checksum("ghp_" + "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ" + "......") == "0mLq17"
    )  # GitHub's own example
    random_part = "xxxxxxxx" + string.ascii_letters[:22]
    right = "ghp_" + random_part + github_checksum(f"ghp_{random_part}......")
    assert [each.type for each in find_formats(right)] == ["GITHUB_TOKEN"]
    assert not list(find_formats(right[:-1] + "_"))
    mistyped = "ghp_9" + string.ascii_letters[:35]
    assert [each.end - each.start for each in find_formats(mistyped)] == [40]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"body": "octal{3}"}, "t: body has 'octal{3}', but an alphabet and a length must be there"),
        ({"body": "hex"}, "t: body has 'hex', but an alphabet and a length must be there"),
        ({"body": "hex{3} - hex{3}"}, "t: body is 'hex{3} - hex{3}', but must consist of parts"),
        ({"body": ""}, "t: body is '', but must consist of parts"),
        ({"body": "hex{32}"}, "t: body must contain literal text in each alternative"),
        (
            {"prefix": "x-", "body": "hex{3}", "checksum": "md5"},
            "t: checksum is 'md5', but must be one of github",
        ),
        ({"prefix": "x-", "body": 3}, "t: body must be words"),
    ],
)
def test_a_malformed_token_is_named(values: dict[str, object], message: str) -> None:
    rule = Rule("t", {"service": "X", "what": "key", "type": "X", **values})
    with pytest.raises(EscalationError, match=re.escape(message)):
        token_format(rule, read_token(rule, ALPHABETS))
