"""What "Show text" shows is what a provider receives, byte for byte, and what the audit log says of it."""

import asyncio
import json
import tempfile
from contextlib import aclosing
from pathlib import Path

from gates import allowed, parts, request, spans
from hostile import Hostile, answer
from hypothesis import example, given
from hypothesis import settings as run
from hypothesis import strategies as st
from payload_rule import messages_of

from assist_escalation.egress.questions import send
from assist_escalation.gate.payload_pieces import payload_pieces
from assist_escalation.gate.prepare import GateParts, Prepared, payload_sha256, prepare
from assist_escalation.policy.permissions import Permissions
from assist_escalation.prompts import Messages, Origin, Span
from assist_server.wording.requests import payload_text

SECRET = "hunter2-Zq81xw0"
ODD = "# not a heading\n* x\n\n  # y\r\n\x1b]8;;https://x\x07<U+202E>\u202e \t \n\n"
KEY_FILE = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7bq\n-----END RSA PRIVATE KEY-----\n"
LEAKY = f'a = 1\nkey = """{KEY_FILE}"""\npassword = "{SECRET}"\n'
pieces = st.sampled_from(
    ("# ", "* ", "\n", "\n\n", "```", " ", "\t", "é", "\r", "\u202e", "<U+0041>", "x = 1")
)
texts = st.one_of(
    st.lists(pieces, max_size=12).map("".join), st.text(st.characters(codec="utf-8"), max_size=40)
)
origins = st.sampled_from(
    (
        Origin("user"),
        Origin("editor"),
        Origin("file", "src/app.py", "{}", 3, 9),
        Origin("file", "src/USER MESSAGE\n# x.py", "{}", 3, 9, outline=True),
        Origin("editor", "src/app.py", "{}"),
    )
)


def prepared_in(folder: Path, permissions: Permissions, given_: list[tuple[str, Origin]]) -> Prepared:
    found = [
        Span(text, Origin(**{name: _there(getattr(origin, name), folder) for name in Origin.__slots__}))
        for text, origin in given_
    ]
    asked = request(permissions, (Span("Explain code.", Origin("assist")), *found))
    return prepare(asked, parts(folder))


def _there(value: object, folder: Path) -> object:
    return value.replace("{}", str(folder.resolve())) if isinstance(value, str) else value


async def received(
    folder: Path, given_: list[tuple[str, Origin]]
) -> tuple[Prepared, GateParts, dict[str, object]]:
    """A request, and the body that arrives at a provider on loopback."""
    made = parts(folder)
    async with Hostile(answer("Yes.")) as acme:
        prepared = prepared_in(folder, allowed(acme.url, folder), given_)
        async with aclosing(send(prepared, made, {"cause": "asked_frontier", "features": {}})) as stream:
            async for _ in stream:
                pass
        return prepared, made, acme.requests[0].json


@run(max_examples=25)
@example(
    found=[(ODD, Origin("file", "src/app.py", "{}", 3, 9)), (LEAKY, Origin("user")), ("", Origin("user"))]
)
@given(found=st.lists(st.tuples(texts, origins), min_size=1, max_size=4))
def test_the_shown_text_is_what_the_provider_receives(found: list[tuple[str, Origin]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        prepared, _, body = asyncio.run(received(Path(folder), found))
        log = (Path(folder) / "audit.jsonl").read_text().splitlines()
    shown = messages_of(payload_text(prepared))
    sent = Messages(*(each["content"] for each in body["messages"]))  # type: ignore[index,attr-defined]
    assert shown == sent
    digest = payload_sha256(str(body["model"]), shown, int(str(body["max_tokens"])))
    assert digest == prepared.payload_sha256 == json.loads(log[0])["event"]["payload_sha256"]


def test_headings_name_each_piece_its_class_and_what_was_redacted(tmp_path: Path) -> None:
    rules = {"data_class": {"src/**": "public"}}
    found = [
        (LEAKY, Origin("file", "src/app.py", "{}", 3, 9)),
        (f"pass\ntoken = '{SECRET}'\n", Origin("file", "big.py", "{}", 1, 99, outline=True)),
        ("src/app.py:3: no", Origin("editor", "src/app.py", "{}")),
        ("Why?", Origin("user")),
    ]
    prepared = prepared_in(tmp_path, allowed("http://127.0.0.1:9/v1", tmp_path, **rules), found)
    text = payload_text(prepared)
    assert [line for line in text.splitlines() if line.startswith("# ")][3:] == [
        "# SYSTEM MESSAGE",
        "# assist's instructions",
        "# USER MESSAGE",
        "# src/app.py:3-9 (public); redacted: private_key in line 5, password in line 8",
        "# outline of big.py:1-99 (internal); redacted: password",
        "# the editor's words about src/app.py (public)",
        "# your words (internal)",
    ]
    marked = [line for line in text.splitlines() if line.startswith("* ")]
    assert len(marked) == 3
    assert all("__SECRET_" in line for line in marked)
    assert SECRET not in text
    assert "MIIEow" not in text
    assert f"# sha256 {prepared.payload_sha256} " in text


def test_each_piece_is_part_of_its_message(tmp_path: Path) -> None:
    permissions = allowed("http://127.0.0.1:9/v1", tmp_path)
    prepared = prepare(request(permissions, spans(tmp_path)), parts(tmp_path))
    found = payload_pieces(prepared)
    assert [each.role for each in found] == ["system", "user", "user"]
    assert [each.classes for each in found] == [(), ("internal",), ("internal",)]
    assert found[1].text in prepared.messages.user
