"""`/v1/completions` and `/infill`: the text at a cursor, by the engine that writes ghost text here.

Prompts of any model's form become one of the local engine, with its caches: typing on costs nothing. A tool
only inserts, so what an editor of ours would replace after the cursor is not offered. What leaves
to a team's server passes the gate elsewhere.
"""

import re
import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from assist_completion.suggestion import CompletionRequest, Suggestion
from assist_context.documents import Cursor, Document, Snippet, gather, split_lines
from assist_context.languages import language_of
from assist_gateway.fields import count_of, flag_of, plain, stops_of, text_of, unable, wrong
from assist_gateway.fim_prompts import SplitPrompt, split_prompt
from assist_gateway.foreign_request import (
    STREAM_HEADERS,
    ForeignRequest,
    ForeignResponse,
    event_bytes,
    json_response,
    usage_of,
)

LINE_TOKENS = 24  # tokens of an answer up to which one line is wanted: 94 % of lines have no more
LINE_MS = (
    700  # `t_max_predict_ms` below which one is: the time for so many tokens at 35 a second, as of a 0.5B
)
MAX_FILES = 16  # other files of a prompt that are looked at
# How minuet begins a prompt: a comment with the name that Neovim has for the language.
_LANGUAGE = re.compile(r"\W{0,5}language: ([\w+#-]+)")
_OPEN, _CLOSE = "([{", ")]}"


class CodeWriter(Protocol):
    """Who writes into code."""

    async def complete(self, request: CompletionRequest) -> Suggestion:
        """The text at a cursor."""

    async def read_ahead(self, request: CompletionRequest) -> None:
        """Read the prompt for a later request."""


async def complete_text(request: ForeignRequest, writer: CodeWriter, model: str) -> ForeignResponse:
    """Answer `/v1/completions`. Raises `GatewayRefusal`, and `ModelError`."""
    body = request.body
    prompt = body.get("prompt", "")
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if not isinstance(prompt, str):
        raise wrong("prompt", "one text")
    if body.get("n", 1) not in (1, None) or body.get("best_of", 1) not in (1, None):
        raise unable("several answers to a prompt", "leave out n and best_of")
    if flag_of(body, "echo") or body.get("logprobs"):
        raise unable("echo and logprobs", "leave them out")
    streams = flag_of(body, "stream")
    split = split_prompt(plain(prompt), text_of(body, "suffix"))
    found = await _suggest(split, writer, stops_of(body), count_of(body, "max_tokens"))
    usage = usage_of(found.tokens)
    document = {
        "id": f"cmpl-{secrets.token_hex(8)}",
        "object": "text_completion",
        "created": int(time.time()),
        "model": found.model or model,
        "choices": [{"text": found.text, "index": 0, "logprobs": None, "finish_reason": "stop"}],
    }
    if not streams:
        return json_response({**document, "usage": usage})
    return ForeignResponse(200, STREAM_HEADERS, _events([{**document, "usage": usage}], done=True))


async def infill(request: ForeignRequest, writer: CodeWriter, model: str) -> ForeignResponse:
    """Answer `/infill`, as llama.cpp's own server has it. Raises `GatewayRefusal`, and `ModelError`."""
    body = request.body
    before = text_of(body, "input_prefix") + text_of(body, "prompt")
    split = SplitPrompt(before, text_of(body, "input_suffix"), text_of(body, "filename"), _extra_files(body))
    most = count_of(body, "n_predict") if body.get("n_predict") != -1 else None
    if (count_of(body, "t_max_predict_ms") or LINE_MS) < LINE_MS:
        most = min(LINE_TOKENS, LINE_TOKENS if most is None else most)
    if most == 0:  # a tool that only wants the prompt to be read before the user asks
        await writer.read_ahead(request_of(split, one_line=False))
        found = Suggestion()
    else:
        found = await _suggest(split, writer, stops_of(body), most)
    document = {
        "content": found.text,
        "stop": True,
        "stop_type": "eos",
        "model": found.model or model,
        "tokens_predicted": found.tokens.generated,
        "tokens_evaluated": found.tokens.prompt,
        "tokens_cached": max(0, found.tokens.prompt - found.tokens.evaluated),
        "truncated": False,
        "timings": _timings(found),
    }
    if isinstance(body.get("response_fields"), list):
        document = _fields_of(document, body["response_fields"])
    if flag_of(body, "stream"):
        return ForeignResponse(200, STREAM_HEADERS, _events([document], done=False))
    return json_response(document)


def _fields_of(document: Mapping[str, Any], wanted: Sequence[Any]) -> dict[str, Any]:
    """The fields that a tool wants, each by the path that it wrote, as llama.cpp's server gives them.

    >>> _fields_of({"content": "x", "timings": {"prompt_n": 3}}, ["timings/prompt_n", "", "none"])
    {'timings/prompt_n': 3}
    """
    found = {}
    for path in wanted:
        value: Any = document
        for name in str(path).split("/"):
            value = value.get(name) if isinstance(value, Mapping) else None
        if value is not None:
            found[str(path)] = value
    return found


async def _suggest(
    split: SplitPrompt, writer: CodeWriter, stops: Sequence[str], most: int | None
) -> Suggestion:
    """What the engine writes there, as text to insert."""
    one_line = "\n" in stops or (most is not None and most <= LINE_TOKENS)
    request = request_of(split, one_line=one_line)
    found = await writer.complete(request)
    text = insertable(found.text, request.context.after[: found.replace])
    ends = [at for at in map(text.find, stops) if at >= 0]
    return replace(found, text=text[: min(ends, default=len(text))])


def insertable(text: str, replaced: str) -> str:
    """The part of a text that can be inserted before `replaced`, closers that the whole text has typed over.

    >>> insertable("f(a), b) + c", ")"), insertable("a + b", "")
    ('f(a), b', 'a + b')
    """
    if not replaced:
        return text
    depth = 0
    for at, character in enumerate(text):
        depth += (character in _OPEN) - (character in _CLOSE)
        if depth < 0 or (character == replaced[0] and replaced[0] not in _OPEN + _CLOSE):
            return text[:at]
    return text


def request_of(split: SplitPrompt, *, one_line: bool) -> CompletionRequest:
    """What the engine is asked: the text around the cursor, and other files. The tool has waited already."""
    lines = split_lines(split.before)
    named = _LANGUAGE.match(split.before)
    language = language_of(split.path, named[1] if named else "")
    document = Document(split.path, split_lines(split.before + split.after), language)
    files = split.files[:MAX_FILES]
    snippets = tuple(Snippet(path, 1, text.count("\n") + 1, text, "tool") for path, text in files)
    context = gather(document, Cursor(len(lines) - 1, len(lines[-1])), snippets)
    return CompletionRequest(context, manual=True, max_lines=int(one_line), immediate=True)


def _extra_files(body: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    extra = body.get("input_extra") or []
    if not isinstance(extra, list):
        raise wrong("input_extra", "a list of files")
    rows = [row for row in extra[:MAX_FILES] if isinstance(row, dict)]
    return tuple((text_of(row, "filename"), text_of(row, "text")) for row in rows)


def _timings(found: Suggestion) -> dict[str, float]:
    """Where the time went, by the names that llama.cpp's server has."""
    read, written = found.tokens.evaluated, found.tokens.generated
    return {
        "prompt_n": read,
        "prompt_ms": found.ms.prefill,
        "prompt_per_token_ms": found.ms.prefill / max(1, read),
        "prompt_per_second": 1e3 * read / max(1.0, found.ms.prefill),
        "predicted_n": written,
        "predicted_ms": found.ms.decode,
        "predicted_per_token_ms": found.ms.decode / max(1, written),
        "predicted_per_second": 1e3 * written / max(1.0, found.ms.decode),
    }


async def _events(documents: Sequence[Any], *, done: bool) -> AsyncIterator[bytes]:
    for document in documents:
        yield event_bytes(document)
    if done:
        yield b"data: [DONE]\n\n"
