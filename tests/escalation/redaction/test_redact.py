"""What redaction promises of any text: exact replacement, the way back, nothing known survives."""

import base64
import json
import random
import time
from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from secret_lines import assignment_lines, token, token_lines

from assist_escalation.prompts import PLACEHOLDER, Origin, Span
from assist_escalation.redaction.findings import time_limit
from assist_escalation.redaction.known_secrets import Known, known_values
from assist_escalation.redaction.redactor import Redacted, RedactionError, clean, redact, restore

NONCE = "zq81kd"
NOTHING = Known()
KEY = "ghp_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6"


def user(text: str) -> Span:
    return Span(text, Origin("user"))


def redacted(text: str, known: Known = NOTHING, patterns: tuple[str, ...] = ()) -> Redacted:
    return redact([user(text)], known, patterns, nonce=NONCE)


def hidden(text: str, known: Known = NOTHING) -> str:
    return redacted(text, known).spans[0].text


TEXTS = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=("Cs",)), max_size=30),
        st.sampled_from(["\n", " ", '"', "'", "= ", ": ", "\u200b", "\r\n", "password", '" + "', "\\\n"]),
        st.integers(0, 10_000).map(lambda seed: token_lines(seed, 1)[0].text),
        st.integers(0, 10_000).map(lambda seed: assignment_lines(seed, 1)[0].text),
    ),
    max_size=12,
).map("".join)


@given(st.lists(TEXTS, min_size=1, max_size=3))
def test_restore_gives_the_original_and_lines_stay(texts: list[str]) -> None:
    result = redact([user(text) for text in texts], NOTHING, nonce=NONCE)
    for span, text in zip(result.spans, texts, strict=True):
        assert restore(span.text, result) == text
        assert len(span.text.split("\n")) == len(text.split("\n"))
        for original in result.placeholders.values():
            assert "\n" not in original


@given(TEXTS)
def test_what_is_redacted_stays_as_it_is(text: str) -> None:
    first = redacted(text)
    second = redact(first.spans, NOTHING, nonce="other1")
    assert second.spans == first.spans
    assert second.found == ()


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zs")), min_size=8, max_size=20),
        min_size=1,
        max_size=4,
    ),
    TEXTS,
    TEXTS,
)
def test_no_known_value_survives(values: list[str], before: str, after: str) -> None:
    known = known_values({".env": "\n".join(f'K{index}="{value}"' for index, value in enumerate(values))}, {})
    shown = hidden(f"{before}{' and '.join(known.values)}{after}", known)
    assert not [value for value in known.values if value in PLACEHOLDER.sub("", shown)]


def test_the_same_secret_has_the_same_placeholder_in_all_spans() -> None:
    result = redact([user(f'a = "{KEY}"'), user(f"see {KEY}!")], NOTHING, nonce=NONCE)
    assert [span.text for span in result.spans] == [
        f'a = "__SECRET_GITHUB_TOKEN_{NONCE}_1__"',
        f"see __SECRET_GITHUB_TOKEN_{NONCE}_1__!",
    ]
    assert result.found == (("GITHUB_TOKEN", 2),)
    assert KEY not in repr(result)


def test_what_an_assignment_shows_is_found_elsewhere() -> None:
    result = redact(
        [user("login to it as hunter2hunter2"), user('password = "hunter2hunter2"')], NOTHING, nonce=NONCE
    )
    assert "hunter2" not in result.spans[0].text + result.spans[1].text


WRAPPED = [
    "x VALUE y", 'a = "correct-" "horse-9"', 'a = "correct-" +\n    "horse-9"', "a = 'correct-' . 'horse-9'", 'a = "correct-\\\n   horse-9"',
    '+ a = "correct-" +\n+     "horse-9"', base64.b64encode(b"user:correct-horse-9").decode(), base64.b64encode(b"correct-horse-9").decode(),
    base64.b64encode(base64.b64encode(b"user:correct-horse-9")).decode(), b"correct-horse-9".hex(), "0x" + b"correct-horse-9".hex().upper(),
    base64.b64encode(b"correct-horse-9".hex().encode()).decode(), quote("correct-horse-9").replace("-", "%2d"), "correct%252dhorse%252d9",
    "correct\u200b-horse-9", "correct-h\u00adorse-9", "ｃｏｒｒｅｃｔ-horse-9", "\u202ecorrect-horse-9\u202c", "corr\U000e0065ect-horse-9",
    r"correct\x2dhorse\x2d9", r"\u0063orrect-horse-9", "correct&#45;horse-9", base64.b64encode("correct-horse-9".encode("utf-16-le")).decode(),
    '"""\nsee correct-horse-9 here\n"""', "\n".join(base64.b64encode(b"x" * 50 + b" correct-horse-9 " + b"y" * 50).decode()[i : i + 60] for i in range(0, 160, 60)),
]  # fmt: skip


SECRET_FILES = [
    "declare -x G=VALUE", "typeset G='VALUE'", "setenv G VALUE", "set -gx G VALUE", "# G=VALUE", "#export G=VALUE",
    "g:\n  - VALUE", "g:\n  - x: VALUE", "g: {x: VALUE, y: 1}", 'g = """\nVALUE"""', "g = '''VALUE'''",
    '{"g": "\\u0063orrect-horse-9"}', f"g: {base64.b64encode(b'correct-horse-9').decode()}", "bob,VALUE,x", 'bob;"VALUE";x',
]  # fmt: skip


@pytest.mark.parametrize("text", SECRET_FILES)
def test_values_of_a_secret_file_are_known(text: str) -> None:
    known = known_values({".env": text.replace("VALUE", "correct-horse-9")}, {})
    assert "correct-horse-9" in known.values


def test_prose_in_a_secret_file_is_no_value() -> None:
    assert (
        known_values({".env": "# see: https://example.org\n# format=plainwords\n# a=b is a form\n"}, {})
        == NOTHING
    )


@pytest.mark.parametrize("text", WRAPPED)
def test_a_known_value_is_found_in_any_spelling(text: str) -> None:
    known = known_values({}, {"DB_PASSWORD": "correct-horse-9"})
    result = redacted(text.replace("VALUE", "correct-horse-9"), known)
    assert result.found
    assert restore(result.spans[0].text, result) == text.replace("VALUE", "correct-horse-9")


def test_only_the_characters_of_the_secret_are_replaced() -> None:
    assert hidden("é\u200b x = 'ghp_' 'aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6'  # é") == (
        f"é\u200b x = '__SECRET_GITHUB_TOKEN_{NONCE}_1__' '__SECRET_TOKEN_{NONCE}_2__'  # é"
    )


def test_known_values_come_from_files_and_from_secret_looking_variables() -> None:
    files = {
        ".env": 'A=plain-value-1\nexport B="quoted value 2" # c\n# D=commented-out\nE=short',
        "c.json": json.dumps({"x": {"y": "json-value-3"}, "n": 1}), "c.yaml": "a:\n  b: yaml-value-4\n", "s.xml": "<a>xml-value-5</a>",
        ".netrc": "machine h login name-value-6 password pass-value-7", "token": "bare-value-8\n", "url": "U=postgres://u:inner-value-9@h/d",
    }  # fmt: skip
    known = known_values(files, {"API_TOKEN": "variable-10", "HOME": "/home/somebody", "MY_SECRET": "short"})
    assert {"plain-value-1", "quoted value 2", "json-value-3", "yaml-value-4", "xml-value-5", "name-value-6", "pass-value-7",
            "bare-value-8", "inner-value-9", "variable-10", "commented-out"} <= set(known.values)  # fmt: skip
    assert not {"short", "/home/somebody"} & set(known.values)
    assert repr(known) == "Known()"


PEM = "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----".format(
    "\n".join("MIIEpAIBAAKCAQEA" + chr(65 + index) * 48 for index in range(5))
)


@pytest.mark.parametrize(
    "text",
    [
        PEM, PEM.replace("\n", "\\n"), PEM.replace("\n", "\\\\n"), PEM.replace("\n", "\r\n"), PEM[:-50], PEM[50:], "\n".join("    " + line for line in PEM.split("\n")),
        "\n".join("# " + line for line in PEM.split("\n")), "\n".join("+" + line for line in PEM.split("\n")), PEM.replace("RSA ", "OPENSSH "),
        "\n".join(f'"{line}\\n" +' for line in PEM.split("\n")), PEM.replace("RSA PRIVATE KEY", "PGP PRIVATE KEY BLOCK"), base64.b64encode(PEM.encode()).decode(),
    ],
)  # fmt: skip
def test_a_private_key_on_many_lines(text: str) -> None:
    result = redacted(text)
    assert not any(letter * 20 in result.spans[0].text for letter in "ABCDE")
    assert base64.b64encode(b"DDDDDDDDDDDDDDD").decode()[4:12] not in result.spans[0].text
    assert result.spans[0].text.count("\n") == text.count("\n")
    assert restore(result.spans[0].text, result) == text


def test_the_secret_members_of_a_json_web_key() -> None:
    text = json.dumps({"kty": "EC", "x": "public_" * 5, "d": "private" * 5, "kid": "my-key"})
    assert hidden(text) == text.replace("private" * 5, f"__SECRET_PRIVATE_KEY_{NONCE}_1__")


def test_a_public_key_stays() -> None:
    text = PEM.replace("RSA PRIVATE", "PUBLIC").replace("MIIEpAIBAAKCAQEA", "MIIBIjANBgkqhkiG")
    assert hidden(text) == text


def test_the_path_is_redacted_too() -> None:
    span = Span("x", Origin("file", path=f"logs/{KEY}.txt", root="/work", first=1, last=1))
    result = redact([span], NOTHING, nonce=NONCE)
    assert result.spans[0].origin == replace(span.origin, path=f"logs/__SECRET_GITHUB_TOKEN_{NONCE}_1__.txt")
    assert restore(result.spans[0].origin.path, result) == span.origin.path


def test_a_secret_in_our_own_words_blocks() -> None:
    with pytest.raises(RedactionError, match="github_token"):
        redact([Span(KEY, Origin("assist"))], NOTHING, nonce=NONCE)


def test_what_takes_too_long_blocks() -> None:
    ticks = iter(range(10_000))
    with pytest.raises(RedactionError, match="longer than 3 s"):
        redact(
            [user("x = 1\n" * 10_000)], NOTHING, nonce=NONCE, deadline_s=3.0, clock=lambda: float(next(ticks))
        )


def test_time_in_which_others_compute_does_not_count() -> None:
    check = time_limit(0.02)
    time.sleep(0.05)
    check()
    spin = iter(check, "never")
    with pytest.raises(RedactionError):
        list(spin)


def test_the_users_patterns() -> None:
    assert redacted("ticket ACME-1234 and emp:77", patterns=("ACME-[0-9]+", "emp:([0-9]+)")).spans[
        0
    ].text == (f"ticket __SECRET_CUSTOM_{NONCE}_1__ and emp:__SECRET_CUSTOM_{NONCE}_2__")
    with pytest.raises(RedactionError, match="cannot be read"):
        redacted("x", patterns=("(",))
    with pytest.raises(RedactionError, match="took too long"):
        redacted("a" * 3000, patterns=(r"(?:a|aa|a.)*(?:b|c.)\1$|^(?:(a|aa)+)+$(?!.)b",))


@pytest.mark.parametrize("nonce", ["", "abc", "ABCDEF", "a-b-c-d", "a" * 41])
def test_a_nonce_is_checked(nonce: str) -> None:
    with pytest.raises(RedactionError, match="nonce"):
        redact([], NOTHING, nonce=nonce)


def test_a_nonce_that_stands_in_the_text_is_refused() -> None:
    with pytest.raises(RedactionError, match="nonce"):
        redacted(f"see {NONCE}")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("__SECRET_GITHUB_TOKEN_zq81kd_1__", "__SECRET_GITHUB_TOKEN_zq81kd_2__"), ("_1__", "_1_"), ("GITHUB", "GITLAB"), ("__SECRET", "SECRET"),
        ("zq81kd", "zq81ke"), ("__SECRET_GITHUB", "__secret_github"), ("_1__", "__"), ("GITHUB_TOKEN_zq81kd", "GITHUB TOKEN zq81kd"),
    ],
)  # fmt: skip
def test_an_altered_placeholder_is_an_error(old: str, new: str) -> None:
    result = redacted(f"a = '{KEY}'")
    text = result.spans[0].text
    assert old in text
    with pytest.raises(RedactionError, match="altered") as raised:
        restore(text.replace(old, new), result)
    assert KEY not in str(raised.value)


def test_placeholders_may_be_left_out_moved_and_repeated() -> None:
    result = redacted(f"a = '{KEY}'")
    name = next(iter(result.placeholders))
    assert restore(f"b{name}{name}", result) == f"b{KEY}{KEY}"
    assert restore("nothing", result) == "nothing"


@given(TEXTS)
def test_clean_never_raises_and_is_stable(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned


def test_clean_shows_the_type() -> None:
    assert clean(f"HTTP 401 for key {KEY}") == "HTTP 401 for key [redacted:github_token]"


@given(st.integers(0, 10**9))
def test_a_token_leaves_no_trace(seed: int) -> None:
    secret = token(random.Random(seed))
    result = redacted(f"before {secret} after")
    assert result.spans[0].text.startswith("before __SECRET_")
    assert result.spans[0].text.endswith("__ after")
