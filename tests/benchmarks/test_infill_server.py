import http.client
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import llama_cpp as api
import pytest

from bench.peers.http_infill import prometheus
from bench.peers.infill_answer import GrowingAnswer, check_indent, release
from bench.peers.infill_slot import Slot
from bench.peers.peers import peer
from bench.peers.server_options import Options, options_of, parser
from bench.typing.policy import DocumentView
from bench.typing.policy import PolicyAnswer as Shown
from infill_server import serve

PRE, MID, SUF, REPO, SEP = 151659, 151660, 151661, 151663, 151664  # Qwen2.5-Coder's
GREEDY: dict[str, Any] = {"samplers": ["top_k"], "top_k": 1}


@pytest.fixture(scope="module")
def slot(model_path: Path) -> Slot:
    made = Slot(Options(model_path, context=512, batch=64, ubatch=64, reuse=16))
    made.load()
    return made


@pytest.fixture(autouse=True)
def _empty(request: pytest.FixtureRequest) -> None:
    if "slot" in request.fixturenames:
        request.getfixturevalue("slot")._forget(0)


def ask(slot: Slot, tokens: list[int], **body: Any) -> GrowingAnswer:
    return list(slot.run(tokens, {**GREEDY, "n_predict": 1, **body}, lambda: False))[-1]


@pytest.mark.model
def test_layout(slot: Slot) -> None:
    extra = [{"filename": "u.py", "text": "k = 1\n"}]
    body = {"input_prefix": "a\n", "input_suffix": "\nb", "prompt": "x =", "input_extra": extra}
    t = slot.tokens
    repo = [REPO, *t("myproject\n"), SEP, *t("u.py\n"), *t("k = 1\n"), SEP, *t("filename\n")]
    assert slot.infill(body) == [*repo, PRE, *t("a\n"), *t("x ="), SUF, *t("\nb"), MID]


@pytest.mark.model
def test_limits_are_shares_of_a_batch(slot: Slot) -> None:
    many = "word " * 200
    tokens = slot.infill({"input_prefix": many, "input_suffix": many, "prompt": "x =", "input_extra": []})
    before, after = tokens.index(SUF) - tokens.index(PRE) - 1, tokens.index(MID) - tokens.index(SUF) - 1
    assert before == 48 + 2  # 3/4 of 64, and the two tokens of the prompt
    assert after == 16 - 2 - 2
    assert tokens[tokens.index(SUF) + 1 : tokens.index(MID)] == slot.tokens(many)[:after]


@pytest.mark.model
def test_common_prefix_is_not_read_again(slot: Slot) -> None:
    start = slot.tokens("import os\nimport sys\n" * 8)
    tail = slot.tokens("print(os.name)")
    assert ask(slot, start).evaluated == len(start)
    assert ask(slot, [*start, *tail]).evaluated == len(tail)
    assert ask(slot, [*start, *tail]).evaluated == 1  # at least one, for its logits
    assert ask(slot, [*start, *tail], cache_prompt=False).evaluated == len(start) + len(tail)


@pytest.mark.model
def test_a_later_chunk_is_moved_down(slot: Slot) -> None:
    first = slot.tokens("alpha beta gamma delta epsilon zeta eta theta\n" * 3)
    second = slot.tokens("def area(width, height):\n    return width * height\n" * 3)
    tail = slot.tokens("print(")
    ask(slot, [*first, *second, *tail])
    answer = ask(slot, [*second, *tail], n_predict=4)
    assert answer.evaluated <= 2
    assert len(slot.held) == len(second) + len(tail) + 3
    assert slot.held[: len(second)] == second
    assert api.llama_memory_seq_pos_max(slot.memory, 0) == len(slot.held) - 1


@pytest.mark.model
def test_a_prompt_longer_than_the_context_is_refused(slot: Slot) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        ask(slot, [1] * 512)


def test_stop_strings_and_half_characters_are_held_back() -> None:
    answer = GrowingAnswer()
    sent = []
    for piece in (b"a", b"b\n", b"\nc"):
        answer.text += piece
        sent.append(release(answer, [b"\n\n"]))
    assert sent == [b"a", b"", b"b"]
    assert (answer.text, answer.stop) == (b"ab", "word")
    answer = GrowingAnswer(text=b"x\xe2\x82")
    assert release(answer, []) == b""
    answer.text += b"\xac"
    assert release(answer, []) == "x€".encode()


def test_less_indentation_than_asked_for_ends_the_answer() -> None:
    answer = GrowingAnswer(newline=True)
    for piece in (b"1\n", b"    y", b"\n", b"  z"):
        answer.text += piece
        check_indent(answer, 4)
    assert (answer.text, answer.stop) == (b"1\n    y\n  ", "limit")


@pytest.fixture(scope="module")
def port(model_path: Path) -> Iterator[int]:
    server = serve(Options(model_path, context=1024, batch=256), poll=0.05)
    yield int(server.server_address[1])
    server.shutdown()
    server.server_close()


def connection(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=60)


def post(port: int, path: str, body: dict[str, Any]) -> bytes:
    line = connection(port)
    line.request("POST", path, json.dumps(body))
    data = line.getresponse().read()
    line.close()
    return data


def counts(port: int) -> dict[str, int]:
    line = connection(port)
    line.request("GET", "/metrics")
    data = line.getresponse().read()
    line.close()
    return dict(json.loads(data))


@pytest.mark.model
def test_stream_and_whole_say_the_same(port: int) -> None:
    body = {**GREEDY, "prompt": "def add(a, b):\n    return", "n_predict": 12, "stop": ["\n"]}
    whole = json.loads(post(port, "/completion", body))
    assert whole["content"].startswith(" a + b")
    assert whole["stop_type"] == "word"
    lines = post(port, "/completion", {**body, "stream": True}).splitlines()
    events = [json.loads(line.removeprefix(b"data: ")) for line in lines if line]
    assert "".join(event["content"] for event in events) == whole["content"]
    assert [event["stop"] for event in events] == [False] * (len(events) - 1) + [True]
    assert b"error" in post(port, "/infill", {"prompt": ""})


@pytest.mark.model
def test_time_ends_an_answer_only_at_a_new_line(port: int) -> None:
    body = {**GREEDY, "prompt": "x1 = 1\nx2 = 2\nx3 =", "n_predict": 60, "t_max_predict_ms": 1}
    result = json.loads(post(port, "/completion", body))
    assert result["content"] == " 3\n"
    assert result["timings"]["predicted_ms"] > 1


@pytest.mark.model
def test_a_client_that_goes_frees_the_slot(port: int) -> None:
    before = counts(port)
    line = connection(port)
    line.request("POST", "/completion", json.dumps({**GREEDY, "prompt": "1 2 3 4 5 6", "n_predict": 900}))
    while counts(port)["predicted"] == before["predicted"]:
        time.sleep(0.02)
    line.close()
    assert post(port, "/completion", {**GREEDY, "prompt": "x", "n_predict": 1})
    after = counts(port)
    assert after["cancelled"] == before["cancelled"] + 1
    assert after["busy"] == 0
    assert before["predicted"] < after["predicted"] < before["predicted"] + 900


def test_options_go_through_the_command_line() -> None:
    options = Options(Path("m.gguf"), 1, 4096, 1024, 1024, 256)
    assert options_of(parser("").parse_args(options.flags())) == options


def test_prometheus() -> None:
    text = "# HELP x\nllamacpp:prompt_tokens_total 12\nllamacpp:tokens_predicted_total 3e+01\nllamacpp:requests_processing 1\n"
    assert prometheus(text) == {"evaluated": 12.0, "predicted": 30.0, "cached": 0.0, "busy": 1.0}


@pytest.mark.model
async def test_llama_vim_over_a_real_server(model_path: Path) -> None:
    policy = peer("llama.vim", model_path)
    view = DocumentView("levels.py", "ONE = 1\nTWO = 2\nTHREE = 3\nFOUR ", "\nFIVE = 5\nSIX = 6\n")
    await policy.open(view)
    try:
        first = await policy.ask(view)
        assert first is not None
        assert first.inferred
        assert first.text.startswith("= ")
        second = await policy.ask(DocumentView(view.path, view.before + "=", view.after))
        assert second == Shown(first.text[1:], inferred=False, tokens=first.tokens)
        totals = await policy.totals()
        assert totals.evaluated > 30
        assert totals.generated >= first.tokens
        assert totals.cpu > 0
        assert totals.memory > 300 << 20
    finally:
        await policy.close()
