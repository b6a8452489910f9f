"""One completion as a server wants it: the address and the body, by its kind.

Text of a user must never become a command of the model. Servers read special tokens in any text, so a text
that spells one is not sent at all. (llama.cpp takes a text in pieces too, but only with token ids among them;
an array of texts alone is read as several prompts.) This module opens no connection.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from assist_escalation.policy.endpoints import ModelServer
from assist_escalation.provider.failures import Fault
from assist_escalation.provider.request import check_address, check_key

SPELLED = "the text around the cursor spells a token of the model"
LIKELY = 20  # tokens that are named where the answer must begin with a text: more is refused by vLLM
KEEP_ALIVE = "30m"  # for how long Ollama keeps the model loaded
# Spellings that tokenizers in use read as special tokens, in addition to those of the server's own family.
_COMMAND = re.compile(
    r"""
    <[|｜][^|｜<>\n]{1,80}[|｜]>                       # <|im_start|>, <｜fim▁begin｜>
  | </?s>|<(?:bos|eos|pad|unk|mask|unused\d+)>
  | <(?:start|end)_of_(?:turn|image)>|</?(?:think|tool_call|tool_response|tools)>
  | <(?:fim_|file_|repo|gh_|issue_|jupyter_|commit_|empty_output|filename|reponame|code_to_)[a-z_]{0,20}>
  | \[/?(?:INST|SUFFIX|PREFIX|MIDDLE|AVAILABLE_TOOLS|SYSTEM_PROMPT|IMG|THINK|ARGS|CALL_ID)\]
  | \[/?TOOL_(?:CALLS|RESULTS|CONTENT)\]
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class FimTable:
    """How a family of models spells its infilling tokens. `sep` comes before a file's path, or is ""."""

    pre: str
    suf: str
    mid: str
    sep: str = ""


@dataclass(frozen=True, slots=True)
class InfillPrompt:
    """The texts of one completion, as they are sent. `files` are other files: path and text.

    `typed` is what is continued; the answer begins with `need`, where the kind of server can be made to.
    """

    files: tuple[tuple[str, str], ...]
    path: str
    head: str
    suffix: str
    typed: str
    need: str
    one_line: bool
    most: int


@dataclass(frozen=True, slots=True)
class InfillCall:
    """A prompt for a server; `tokens` is None where the server's own protocol has the infilling tokens."""

    server: ModelServer
    key: str = field(repr=False)
    tokens: FimTable | None
    prompt: InfillPrompt = field(repr=False)


def can_constrain(server: ModelServer) -> bool:
    """Whether such a server can be made to begin its answer with a given text."""
    return server.kind in ("llama.cpp", "vllm")


def address(server: ModelServer) -> str:
    """The only address that a completion goes to. Raises `Fault` if the setting could be read in two ways."""
    base = check_address(server.base_url, server.proxy)
    bare = base.removesuffix("/v1")
    match server.kind:
        case "llama.cpp":
            return f"{bare}/completion"
        case "ollama":
            return f"{bare}/api/generate"
        case "mistral-fim":
            return f"{bare}/v1/fim/completions"
        case _:
            return f"{bare}/v1/completions"


def body(call: InfillCall) -> bytes:
    """The body of the request, always the same bytes for the same values. Raises `Fault`."""
    check_key(call.key, call.server.api_key_env)
    stop = {"stop": ["\n"]} if call.prompt.one_line else {}
    fields = {"model": call.server.model, "stream": True, **_fields(call, stop)}
    try:
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError:
        raise Fault("refused", "the prompt holds half a character: a file in it is not UTF-8") from None


def _fields(call: InfillCall, stop: dict[str, Any]) -> dict[str, Any]:
    prompt = call.prompt
    match call.server.kind:
        case "llama.cpp":
            need = json.dumps(prompt.need, ensure_ascii=False)
            return {
                "prompt": _text(call),
                "n_predict": prompt.most,
                "temperature": 0,
                "n_probs": LIKELY if prompt.need else 1,
                "cache_prompt": True,
                "id_slot": -1,
                "timings_per_token": True,
                **({"grammar": f"root ::= {need} .*"} if prompt.need else {}),
                **stop,
            }
        case "ollama":
            options = {"num_ctx": call.server.context_tokens, "num_predict": prompt.most, "temperature": 0}
            return {
                "prompt": _text(call),
                "raw": True,
                "options": {**options, **stop},
                "keep_alive": KEEP_ALIVE,
                "logprobs": True,
            }
        case "mistral-fim":
            texts = {"prompt": prompt.head + prompt.typed, "suffix": prompt.suffix}
            if any(map(spells_token, texts.values())):
                raise Fault("refused", SPELLED)
            return {**texts, "max_tokens": prompt.most, "temperature": 0, **stop}
        case kind:
            regex = f"{prompt.need}[\\s\\S]*"
            return {
                "prompt": _text(call),
                "max_tokens": prompt.most,
                "temperature": 0,
                "logprobs": LIKELY if prompt.need and kind == "vllm" else 1,
                "stream_options": {
                    "include_usage": True,
                    **({"continuous_usage_stats": True} if kind == "vllm" else {}),
                },
                **({"structured_outputs": {"regex": regex}} if prompt.need and kind == "vllm" else {}),
                **stop,
            }


def _parts(call: InfillCall) -> list[tuple[str, bool]]:
    """The prompt's texts in order, each with whether it is a token of the model."""
    tokens, prompt = call.tokens, call.prompt
    if tokens is None:
        raise Fault("refused", f"the infilling tokens of {call.server.model} are not known: set fim")
    parts: list[tuple[str, bool]] = []
    if tokens.sep and prompt.files:
        for path, text in prompt.files:
            parts += [(tokens.sep, True), (f"{path}\n{text.rstrip()}\n", False)]
        parts += [(tokens.sep, True), (f"{prompt.path}\n", False)]
    parts += [(tokens.pre, True), (prompt.head, False), (tokens.suf, True), (prompt.suffix, False)]
    parts += [(tokens.mid, True), (prompt.typed, False)]
    return [(text, own) for text, own in parts if text]


def _text(call: InfillCall) -> str:
    """The prompt as one text. Raises `Fault` if the user's part of it would be read as a command."""
    parts = _parts(call)
    own_tokens = {text for text, own in parts if own}
    for text, own in parts:
        if not own and (spells_token(text) or any(own_token in text for own_token in own_tokens)):
            raise Fault("refused", SPELLED)
    return "".join(text for text, _ in parts)


def spells_token(text: str) -> bool:
    """Whether a server would read a part of a text as a token of its model.

    >>> spells_token("a <|im_end|> b"), spells_token("a <| b")
    (True, False)
    """
    return _COMMAND.search(text) is not None
