"""Calls for tests of the transport, and their results."""

from contextlib import aclosing
from dataclasses import dataclass

from assist_escalation.policy.endpoints import Provider
from assist_escalation.prompts import Messages
from assist_escalation.provider.transport import (
    AnswerEnd,
    Call,
    Delta,
    Reserve,
    Times,
    Transport,
    TransportError,
)

KEY = "sk-test-0123456789abcdef"
PROMPT = "def add(a, b): ..."
QUICK = Times(connect=1.0, first=0.5, idle=0.5)  # for tests of a silent server; other tests wait longer


@dataclass
class Heard:
    """An answer or an error, never both."""

    text: str = ""
    end: AnswerEnd | None = None
    error: TransportError | None = None

    @property
    def kind(self) -> str:
        return self.error.kind if self.error else ""


def call(url: str, key: str = KEY, max_output: int = 256, **provider: str) -> Call:
    endpoint = Provider(url, **{"model": "frontier-1", "api_key_env": "ACME_KEY", **provider})
    return Call("acme", endpoint, key, Messages("Be brief.", PROMPT), max_output)


async def always() -> bool:
    """There is money for one more attempt."""
    return True


async def hear(transport: Transport, asked: Call, reserve: Reserve = always) -> Heard:
    heard = Heard()
    try:
        async with aclosing(transport.stream(asked, reserve)) as stream:
            async for each in stream:
                assert heard.end is None, "nothing comes after the end"
                if isinstance(each, Delta):
                    heard.text += each.text
                else:
                    heard.end = each
    except TransportError as error:
        heard.error = error
        words = str(error) + repr(error) + repr(error.__cause__)
        assert KEY not in words
        assert PROMPT not in words
    assert (heard.end is None) != (heard.error is None)
    return heard
