"""What is remembered of a tool's conversations with one provider, in this process only.

A conversation is what begins with the same words of a user. It keeps the secrets of its placeholders, what
the log has of it, and what the tool was told. This module sends and judges nothing.
"""

import hashlib
import hmac
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from assist_escalation.policy.patterns import SecretPattern
from assist_escalation.redaction.known_secrets import Known
from assist_gateway.dialects.answers import AnswerMemory
from assist_gateway.proxy.kept_texts import KeptLines, KeptTexts
from assist_gateway.proxy.outbound_messages import OutboundMessages
from assist_gateway.proxy.redaction import StringRedactor

MAX_PAIRS = 64  # of a tool and a provider
MAX_SIZE = 96_000_000  # bytes of all; those of one tool and one provider have at most 80 million
_MOST = 64  # conversations of one tool with one provider
_DIGITS = 10
_MAX_ITEMS = 5_000  # messages of one conversation that the log has
_ITEM = 250  # bytes of one


@dataclass(frozen=True, slots=True)
class SaidMessages:
    """The hashes of a request's messages: of those that a model answered, and of the last one."""

    answered: tuple[bytes, ...] = ()
    last: bytes = b""


@dataclass(slots=True)
class ToolConversation:
    """One conversation: its name, its placeholders' secrets, and what the log and the tool have of it.

    `told` has what was kept, with the hash of the message to which the answer said so.
    """

    name: str
    placeholders: dict[str, str] = field(default_factory=dict, repr=False)
    logged: OrderedDict[bytes, None] = field(default_factory=OrderedDict, repr=False)
    told: OrderedDict[tuple[str, str, bytes], None] = field(default_factory=OrderedDict, repr=False)

    def news(self, kept: Sequence[KeptLines], said: SaidMessages) -> list[KeptLines]:
        """Of the lines that were kept, those that the user was not told about; from now on the user was.

        The user was told if this request goes on after the answer that said so. So it is told again in a new
        conversation that begins with the same words, after a tool has put a summary in place of the messages,
        and if the same is asked again.
        """
        told = self.told
        news = [
            part for part in kept if not any((part.path, part.rule, one) in told for one in said.answered)
        ]
        told |= dict.fromkeys((part.path, part.rule, said.last) for part in news)
        while len(told) > _MAX_ITEMS:
            told.popitem(last=False)
        return news

    def note_logged(self, items: Sequence[bytes]) -> None:
        """The log has these messages now."""
        for item in items:
            self.logged[item] = None
            self.logged.move_to_end(item)
        while len(self.logged) > _MAX_ITEMS:
            self.logged.popitem(last=False)


class ToolConversations:
    """The conversations of one tool with one provider. `key` is a secret of this installation."""

    def __init__(self, known: Known, patterns: Sequence[SecretPattern], key: bytes) -> None:
        self.messages = OutboundMessages(StringRedactor(known, patterns, key), KeptTexts())
        self.memory = AnswerMemory()
        self.patterns = tuple(patterns)
        self._key = key
        self._conversations: OrderedDict[str, ToolConversation] = OrderedDict()

    @property
    def size(self) -> int:
        """About how many bytes are remembered."""
        items = sum(len(known.logged) + len(known.told) for known in list(self._conversations.values()))
        return self.messages.size + self.memory.size + items * _ITEM

    def find(self, first_words: str) -> ToolConversation:
        """The conversation that begins with these words."""
        words = first_words.encode("utf-8", "surrogatepass")
        name = hmac.digest(self._key, b"session\0" + words, hashlib.sha256).hex()[:_DIGITS]
        if name not in self._conversations:
            self._conversations[name] = ToolConversation(name)
        self._conversations.move_to_end(name)
        if len(self._conversations) > _MOST:
            self._conversations.popitem(last=False)
        return self._conversations[name]


class KnownConversations:
    """The conversations of all tools with all providers; those that were used longest ago are dropped.

    That is like a restart for them: their texts are judged once more, a secret has the same placeholder, and
    the ledger knows what they cost. Threads may share it.
    """

    def __init__(self, most: int = MAX_PAIRS, most_size: int = MAX_SIZE) -> None:
        self._most = most
        self._most_size = most_size
        self._known: OrderedDict[tuple[SecretPattern, ...], ToolConversations] = OrderedDict()
        self._lock = threading.Lock()

    def find(
        self, key: tuple[SecretPattern, ...], make: Callable[[], ToolConversations]
    ) -> ToolConversations:
        """Those of a key, which are then the last to be dropped."""
        with self._lock:
            if key not in self._known:
                self._known[key] = make()
            self._known.move_to_end(key)
            while len(self._known) > 1 and (len(self._known) > self._most or self._size() > self._most_size):
                self._known.popitem(last=False)
            return self._known[key]

    def _size(self) -> int:
        return sum(known.size for known in self._known.values())


def conversation_key(secret: bytes, tool: str, provider: str) -> bytes:
    """The key for one tool and one provider, made of the installation's secret."""
    return hmac.digest(secret, f"gateway\0{tool}\0{provider}".encode(), hashlib.sha256)
