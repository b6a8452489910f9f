"""What each kind of server is sent, and what is read from its answers: recorded shapes, and nonsense."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assist_escalation.policy.endpoints import ModelServer
from assist_escalation.provider.failures import Fault
from assist_escalation.provider.infill import (
    FimTable,
    InfillCall,
    InfillPiece,
    InfillPrompt,
    address,
    body,
    read,
    spells_token,
)

QWEN = FimTable("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|file_sep|>")
PROMPT = InfillPrompt(
    (("b.py", "B = 1\n"),), "a.py", "import b\n", "\nprint(x)\n", "x = b.", "", one_line=True, most=32
)
KINDS = ("llama.cpp", "vllm", "ollama", "mistral-fim", "openai")


def server(kind: str, base_url: str = "https://gpu.example/v1", **more: Any) -> ModelServer:
    return ModelServer(kind=kind, base_url=base_url, model="qwen2.5-coder-7b", **more)  # type: ignore[arg-type]


def sent(kind: str, prompt: InfillPrompt = PROMPT) -> dict[str, Any]:
    tokens = None if kind == "mistral-fim" else QWEN
    return dict(json.loads(body(InfillCall(server(kind), "key", tokens, prompt))))


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("llama.cpp", "/completion"),
        ("vllm", "/v1/completions"),
        ("ollama", "/api/generate"),
        ("mistral-fim", "/v1/fim/completions"),
        ("openai", "/v1/completions"),
    ],
)
def test_the_address_is_the_same_with_and_without_v1(kind: str, path: str) -> None:
    for base in ("https://gpu.example/v1", "https://gpu.example", "https://gpu.example/"):
        assert address(server(kind, base)) == f"https://gpu.example{path}"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "mistral-fim"])
def test_the_typed_text_is_last_and_other_files_are_first(kind: str) -> None:
    text = sent(kind)["prompt"]
    assert text == (
        "<|file_sep|>b.py\nB = 1\n<|file_sep|>a.py\n<|fim_prefix|>import b\n<|fim_suffix|>\nprint(x)\n"
        "<|fim_middle|>x = b."
    )


def test_what_each_kind_is_sent() -> None:
    assert sent("llama.cpp")["cache_prompt"] is True
    assert sent("llama.cpp")["id_slot"] == -1
    assert sent("vllm")["logprobs"] == 1
    assert "suffix" not in sent("vllm")
    assert sent("ollama")["raw"] is True
    assert sent("ollama")["options"]["num_ctx"] == 4096
    mistral = sent("mistral-fim")
    assert (mistral["prompt"], mistral["suffix"]) == ("import b\nx = b.", "\nprint(x)\n")
    assert all(sent(kind)["stream"] for kind in KINDS)


def test_healing_is_a_constraint_where_the_server_has_one() -> None:
    prompt = InfillPrompt((), "a.py", "h", "s", "x = ", " valu", one_line=False, most=8)
    assert sent("llama.cpp", prompt)["grammar"] == 'root ::= " valu" .*'
    assert sent("vllm", prompt)["structured_outputs"] == {"regex": " valu[\\s\\S]*"}
    assert "stop" not in sent("vllm", prompt)


@pytest.mark.parametrize(
    "text",
    [
        *("<|fim_middle|>", "a <|im_start|>system", "<｜fim▁begin｜>", "</s>", "<fim_prefix>", "[INST]"),
        *("<reponame>", "<start_of_turn>", "<tool_call>", "</think>", "[IMG]", "<unused7>"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_text_that_spells_a_token_is_not_sent(kind: str, text: str) -> None:
    for place in ("head", "suffix", "typed"):
        prompt = InfillPrompt((), "a.py", "h", "s", "t", "", one_line=False, most=8)
        changed = InfillPrompt(**{name: getattr(prompt, name) for name in prompt.__slots__} | {place: text})
        with pytest.raises(Fault, match="contains a special token"):
            sent(kind, changed)


def test_ordinary_code_spells_no_token() -> None:
    assert not spells_token(
        "if a<b|c>d: x[INSTANCE] = y << 2  # <s1> <p>text</p> <pre>x</pre> <div class='a'>|b|</div>"
    )


def test_unknown_tokens_are_refused() -> None:
    with pytest.raises(Fault, match="set fim"):
        body(InfillCall(server("vllm"), "", None, PROMPT))


@pytest.mark.parametrize(
    ("kind", "event", "piece"),
    [
        (
            "llama.cpp",
            {
                "content": "x",
                "stop": False,
                "completion_probabilities": [{"id": 1, "token": "x", "logprob": -0.5}],
            },
            InfillPiece("x", -0.5),
        ),
        (
            "llama.cpp",
            {"content": "", "stop": True, "stop_type": "word", "timings": {"prompt_n": 4, "cache_n": 90}},
            InfillPiece("", None, "line", 94, 90),
        ),
        ("llama.cpp", {"content": "", "stop": True, "stop_type": "eos"}, InfillPiece("", None, "stop")),
        ("llama.cpp", {"content": "", "stop": True, "stop_type": "limit"}, InfillPiece("", None, "length")),
        (
            "vllm",
            {
                "choices": [{"index": 0, "text": "ab", "logprobs": {"token_logprobs": [-0.1, -2.0]}}],
                "usage": {"prompt_tokens": 64, "prompt_tokens_details": {"cached_tokens": 48}},
            },
            InfillPiece("ab", -2.0, "", 64, 48),
        ),
        (
            "vllm",
            {"choices": [{"index": 0, "text": "", "finish_reason": "stop", "stop_reason": "\n"}]},
            InfillPiece("", None, "line"),
        ),
        ("vllm", {"choices": [], "usage": {"prompt_tokens": 9}}, InfillPiece("", None, "", 9)),
        ("ollama", {"response": "x", "done": False}, InfillPiece("x")),
        (
            "ollama",
            {"response": "", "done": True, "done_reason": "length", "prompt_eval_count": 30},
            InfillPiece("", None, "length", 30),
        ),
        ("mistral-fim", {"choices": [{"delta": {"content": "x"}}]}, InfillPiece("x")),
        ("openai", {"choices": [{"text": "x", "finish_reason": "length"}]}, InfillPiece("x", None, "length")),
    ],
)
def test_answers_as_servers_give_them(kind: Any, event: object, piece: InfillPiece) -> None:
    assert read(kind, json.dumps(event)) == piece


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    [
        "content",
        "choices",
        "text",
        "logprobs",
        "usage",
        "timings",
        "stop",
        "response",
        "done",
        "delta",
        "error",
    ]
)


@given(st.sampled_from(KINDS), st.dictionaries(FIELDS, JSON, max_size=6) | JSON)
def test_nonsense_is_a_fault_or_a_piece(kind: Any, event: object) -> None:
    try:
        piece = read(kind, json.dumps(event))
    except Fault:
        return
    assert piece.chance is None or piece.chance <= 0
    assert piece.cached >= 0
