"""An answer of the chat dialect on its way to the tool: secrets back where they may be, and what it counts.

Events pass as they come. Of a text only a possible beginning of a placeholder waits; arguments of a tool that
changes files wait for their end. This module opens no connection.
"""

import json
from typing import Any

from assist_escalation.egress.exchange import ReadAnswer
from assist_escalation.provider.chat_completion import clean_name, read_event, reported_usage
from assist_escalation.provider.failures import Fault
from assist_gateway.dialects.answers import ReaderContext, StreamedCall, StreamedText, number_of, objects

_TEXTS = ("content", "refusal")
_THOUGHTS = ("reasoning_content", "reasoning")  # nothing is put back into them


class ChatAnswer:
    """Reads one answer. `sent` are the bytes of the request; without `usage` the tool asked for no counts."""

    def __init__(self, context: ReaderContext, sent: int, usage: bool) -> None:
        self._context, self._sent, self._wants_usage = context, sent, usage
        self._texts: dict[tuple[int, str], StreamedText] = {}
        self._calls: dict[tuple[int, int], StreamedCall] = {}
        self._wrote: list[str] = []
        self._notice = context.notice
        self._role_said = False
        self._model = ""
        self._finish = ""
        self._usage: dict[str, Any] | None = None

    def event(self, data: str) -> list[str]:
        """The events that the tool gets for one of the provider's, or for the end. Raises `Fault`."""
        if not data:
            return self._ends({"object": "chat.completion.chunk", "model": self._model}, None)
        event = read_event(data)
        if event.get("error"):
            raise Fault("server", "it reported an error in the middle of the answer")
        self._model = clean_name(event.get("model")) or self._model
        if isinstance(event.get("usage"), dict):
            self._usage = event["usage"]
        choices = objects(event, "choices")
        if not choices:
            return [data] if self._wants_usage or not self._usage else []
        before = self._said_first(event) if self._notice else []
        changed = False
        for choice in choices:
            changed = self._delta(choice) or changed
        ends = [choice for choice in choices if choice.get("finish_reason")]
        for choice in ends:
            self._finish = clean_name(choice["finish_reason"]).lower()
            before += self._ends(event, number_of(choice))
        return [*before, json.dumps(event, ensure_ascii=False) if changed else data]

    def whole(self, answer: dict[str, Any]) -> dict[str, Any]:
        """An answer that is not streamed, as the tool gets it."""
        self._model = clean_name(answer.get("model"))
        self._usage = answer["usage"] if isinstance(answer.get("usage"), dict) else None
        for choice in objects(answer, "choices"):
            self._finish = clean_name(choice.get("finish_reason")).lower() or "unknown"
            message = choice.get("message")
            if isinstance(message, dict):
                self._message(message)
        return answer

    def read(self) -> ReadAnswer:
        """What the answer counts."""
        wrote = "".join(self._wrote)
        size = len(wrote.encode("utf-8", "replace"))
        usage = reported_usage(self._usage, size=self._sent, wrote=size, most=self._context.most)
        return ReadAnswer(wrote, self._finish, self._model, usage)

    def _said_first(self, event: dict[str, Any]) -> list[str]:
        """An event ahead of the first one, with what was kept here."""
        delta = {"role": "assistant", "content": self._notice}
        first = {"index": 0, "delta": delta, "finish_reason": None}
        self._texts[0, "content"] = StreamedText(self._context, self._notice)
        self._notice = ""
        self._role_said = True
        kept = {key: value for key, value in event.items() if key != "usage"}
        return [json.dumps({**kept, "choices": [first]}, ensure_ascii=False)]

    def _delta(self, choice: dict[str, Any]) -> bool:
        """Change what a choice adds, and say whether it changed."""
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            return False
        # Clients join what two events say of a field, and would take the role for "assistantassistant".
        changed = self._role_said and number_of(choice) == 0 and delta.pop("role", None) is not None
        for name in (*_TEXTS, *_THOUGHTS):
            piece = delta.get(name)
            if isinstance(piece, str):
                self._wrote.append(piece)
                if name in _TEXTS:
                    delta[name] = self._text(number_of(choice), name).take(piece)
                    changed = changed or delta[name] != piece
        for call in objects(delta, "tool_calls"):
            changed = self._call(number_of(choice), call) or changed
        return changed

    def _text(self, index: int, name: str) -> StreamedText:
        if (index, name) not in self._texts:
            self._texts[index, name] = StreamedText(self._context)
        return self._texts[index, name]

    def _call(self, index: int, call: dict[str, Any]) -> bool:
        """Change what a fragment of a call adds, and say whether it changed."""
        inner = call.get("function") or call.get("custom")
        if not isinstance(inner, dict):
            return False
        key = (index, number_of(call))
        name = str(inner.get("name") or "")
        if key not in self._calls:
            self._calls[key] = StreamedCall(self._context, name)
            self._wrote.append(name)
        self._calls[key].note(name)
        field = "arguments" if "arguments" in inner else "input"
        piece = inner.get(field)
        if not isinstance(piece, str):
            return False
        self._wrote.append(piece)
        inner[field] = self._calls[key].take(piece)
        return bool(inner[field] != piece)

    def _ends(self, event: dict[str, Any], index: int | None) -> list[str]:
        """The events with what waits, of one choice or of all."""
        deltas: dict[int, dict[str, Any]] = {}
        for (choice, name), text in list(self._texts.items()):
            if index in (None, choice):
                if rest := text.end():
                    deltas.setdefault(choice, {})[name] = rest
                del self._texts[choice, name]
        for (choice, number), call in list(self._calls.items()):
            if index in (None, choice):
                if rest := call.end():
                    fragment = {"index": number, "function": {"arguments": rest}}
                    deltas.setdefault(choice, {}).setdefault("tool_calls", []).append(fragment)
                del self._calls[choice, number]
        kept = {key: value for key, value in event.items() if key != "usage"}
        return [
            json.dumps(
                {**kept, "choices": [{"index": choice, "delta": delta, "finish_reason": None}]},
                ensure_ascii=False,
            )
            for choice, delta in deltas.items()
        ]

    def _message(self, message: dict[str, Any]) -> None:
        """Change a whole message."""
        for name in (*_TEXTS, *_THOUGHTS):
            if isinstance(message.get(name), str):
                self._wrote.append(message[name])
        for name in _TEXTS:
            if isinstance(message.get(name), str):
                text = StreamedText(self._context, self._notice if name == "content" else "")
                shown = text.take(message[name]) + text.end()
                message[name] = (self._notice + shown) if name == "content" else shown
        if self._notice and not isinstance(message.get("content"), str):
            message["content"] = self._notice
            self._context.memory.remember(self._notice, "")
        for call in objects(message, "tool_calls"):
            inner = call.get("function")
            if isinstance(inner, dict) and isinstance(inner.get("arguments"), str):
                self._wrote.append(inner["arguments"])
                inner["arguments"] = self._context.arguments(str(inner.get("name")), inner["arguments"])
