import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from bench.peers.continue_dev import Continue, postprocess, prune_context
from bench.peers.llama_vim import AcceptedHint, LlamaVim, Ring, local_context, render
from bench.peers.peers import NoReuse
from bench.peers.port import Peer
from bench.peers.tabby import STOPS, Debounce, Tabby, before_cache, limit_scope
from bench.typing.policy import DocumentView, PolicyAnswer, Totals
from bench.typing.virtual import run_virtually


class FakeServer:
    """A fake `bench.peers.port.Backend`: reads a prompt in 200 ms, writes a character in 10 ms."""

    def __init__(self, answer: str = "", read: float = 0.2, write: float = 0.01) -> None:
        self.answer = answer
        self.read = read
        self.write = write
        self.bodies: list[dict[str, Any]] = []
        self.given_up = 0
        self.running = 0
        self.most = 0

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        text = "".join([event["content"] async for event in self.stream(path, body)])
        return {"content": text, "timings": {"predicted_n": len(text)}}

    async def stream(self, path: str, body: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        self.bodies.append({**body, "path": path})
        self.running += 1
        self.most = max(self.most, self.running)
        whole = False
        try:
            await asyncio.sleep(self.read)
            text = self.answer if body["n_predict"] else ""
            for char in text:
                await asyncio.sleep(self.write)
                yield {"content": char, "stop": False}
            whole = True
            yield {"content": "", "stop": True}
        finally:
            self.running -= 1
            self.given_up += not whole

    async def totals(self) -> Totals:
        return Totals()

    async def stop(self) -> None:
        pass


def play(
    kind: type[Peer], server: FakeServer, scene: Callable[[Peer], Awaitable[Any]], text: str = "\n"
) -> Any:
    """Play a scene against a policy over a fake server, on a virtual clock."""

    async def start() -> FakeServer:
        return server

    async def run(_: Any) -> Any:
        policy = kind(start)
        await policy.open(DocumentView("a.py", text, ""))
        try:
            return await scene(policy)
        finally:
            await policy.close()

    return run_virtually(run)


async def type_texts(
    policy: Peer, texts: list[str], gap: float = 0.1, after: str = "\n"
) -> list[PolicyAnswer | None]:
    """Ask for each text, and cancel when the next one comes `gap` seconds later; the last one may finish."""
    answers: list[PolicyAnswer | None] = []
    for text in texts[:-1]:
        task = asyncio.ensure_future(policy.ask(DocumentView("a.py", text, after)))
        await asyncio.wait([task], timeout=gap)
        answers.append(task.result() if task.done() else None)
        task.cancel()
    return [*answers, await policy.ask(DocumentView("a.py", texts[-1], after))]


def now() -> float:
    return asyncio.get_running_loop().time()


# No re-use


def test_no_reuse_asks_at_each_key_and_gives_up_the_one_before() -> None:
    server = FakeServer("answer")
    answers = play(NoReuse, server, lambda policy: type_texts(policy, ["x", "x ", "x ="]))
    assert answers == [None, None, PolicyAnswer("answer", tokens=6)]
    assert len(server.bodies) == 3
    assert server.given_up == 2
    assert not any(body["cache_prompt"] for body in server.bodies)


# llama.vim


def test_llama_vim_has_one_request_on_its_way_and_finishes_it() -> None:
    server = FakeServer("= 1")
    answers = play(LlamaVim, server, lambda policy: type_texts(policy, ["x", "x ", "x ="], gap=0.05))
    assert server.most == 1
    assert server.given_up == 0
    # The answer for "x" does not fit the text typed since then; the retry of the last key is answered.
    assert answers[-1] is not None
    assert answers[-1].text == "= 1"
    assert answers[-1].inferred
    assert [body["prompt"] for body in server.bodies][:2] == ["x", "x ="]


def test_llama_vim_shows_from_memory_what_is_typed_on_and_still_asks() -> None:
    server = FakeServer(" = 1")

    async def scene(policy: Peer) -> list[PolicyAnswer | None]:
        first = await policy.ask(DocumentView("a.py", "x", "\n"))
        start = now()
        second = await policy.ask(DocumentView("a.py", "x ", "\n"))
        assert now() == start
        await asyncio.sleep(2)
        return [first, second]

    first, second = play(LlamaVim, server, scene)
    assert first == PolicyAnswer(" = 1", tokens=4)
    assert second == PolicyAnswer("= 1", inferred=False, tokens=4)
    # The cursor, ahead (as if accepted), and the second cursor although its text is cached; ahead has 1 s.
    asked = [(body["prompt"], body["t_max_predict_ms"]) for body in server.bodies]
    assert ("x", 250) in asked
    assert ("x = 1", 1000) in asked or ("x = 1", 250) in asked
    assert ("x ", 250) in asked


def test_llama_vim_does_not_ask_within_a_line() -> None:
    server = FakeServer("1")
    answers = play(LlamaVim, server, lambda policy: type_texts(policy, ["f("], after="first, second)\n"))
    assert answers == [PolicyAnswer(inferred=False)]
    assert server.bodies == []


def test_llama_vim_reads_a_chunk_when_a_buffer_is_entered_and_others_during_pauses() -> None:
    server = FakeServer("")
    text = "\n".join(f"line {n}" for n in range(600)) + "\n"

    async def scene(policy: Peer) -> None:
        assert [len(body["input_extra"]) for body in server.bodies] == [1]
        lines = text.split("\n")
        await policy.ask(DocumentView("a.py", "\n".join(lines[:301]), "\n".join(["", *lines[301:]])))
        before = len(server.bodies)
        await asyncio.sleep(2.5)
        assert len(server.bodies) == before  # in insert mode, after less than three seconds without a move
        await asyncio.sleep(3)
        assert server.bodies[-1]["n_predict"] == 0

    play(LlamaVim, server, scene, text)


def test_llama_vim_context_of_a_shown_completion() -> None:
    view = DocumentView("a.py", "a\nb(", ")\nc\n")
    assert local_context(view, None, 0).middle == "b("
    assert local_context(view, None, 0).suffix == ")\nc\n\n"
    ahead = local_context(view, AcceptedHint(1, ("x", "    y", "z)")), 4)
    assert (ahead.prefix, ahead.middle, ahead.suffix) == ("a\nb()x\n    y\n", "z)", "\nc\n\n")
    assert local_context(DocumentView("a.py", "a\n    ", "\nc"), None, 0).middle == ""


@pytest.mark.parametrize(
    ("before", "after", "answer", "shown"),
    [
        ("x = ", "\n", "1\n\n", "1"),
        ("x = ", "\ny = 2\n", "\ny = 2", ""),
        ("f(", ")\n", ")", ""),
        ("a = ", "\n\na = 1\n", "1", ""),
        ("a = ", "\na = 1\nb = 2\n", "1\nb =", ""),
        ("    ", "\n", "    return 1", "return 1"),
        ("x", "\n", "  ", ""),
    ],
)
def test_llama_vim_drops_what_repeats(before: str, after: str, answer: str, shown: str) -> None:
    assert render(DocumentView("a.py", before, after), answer, 1).text == shown


def test_ring_keeps_no_likeness() -> None:
    ring = Ring(random.Random(1))
    ring.pick("a.py", ["a b", "c d", "e f"], evict=False)
    ring.pick("a.py", ["a b", "c d", "e f"], evict=False)
    ring.pick("a.py", ["a b", "c d", "e f", "a"], evict=False)
    assert len(ring.queued) == 1
    ring.pick("a.py", ["a b", "c d", "e f", "a"], evict=True)
    assert [len(lines) for _, lines in ring.queued] == [4]
    for n in range(20):
        ring.pick("a.py", [f"p{n}", f"q{n}", f"r{n}"], evict=False)
    assert len(ring.queued) == 16
    while ring.advance():
        pass
    assert len(ring.chunks) == 16
    ring.evict(DocumentView("a.py", "p19\nq19\nr19", ""))
    assert len(ring.chunks) == 15


# Continue


def test_continue_waits_350_ms_for_the_last_key() -> None:
    server = FakeServer(" = 1\n\n", read=0.05)

    async def scene(policy: Peer) -> Any:
        answers = await type_texts(policy, ["x", "xy", "xyz"])
        return answers, now()

    answers, at = play(Continue, server, scene)
    assert len(server.bodies) == 1
    assert answers[-1] == PolicyAnswer("= 1", tokens=6)
    assert at == pytest.approx(0.2 + 0.35 + 0.05 + 6 * 0.01)


def test_continue_goes_on_with_a_request_whose_answer_is_typed_and_with_its_cache() -> None:
    server = FakeServer("abcdef\nmore of it", read=0.3, write=0.05)

    async def scene(policy: Peer) -> Any:
        task = asyncio.ensure_future(policy.ask(DocumentView("p.py", "x = ", "\n")))
        await asyncio.wait([task], timeout=0.35 + 0.3 + 0.16)  # three characters have arrived
        task.cancel()
        second = await policy.ask(DocumentView("p.py", "x = ab", "\n"))
        third = await policy.ask(DocumentView("p.py", "x = abc", "\n"))
        return second, third

    second, third = play(Continue, server, scene)
    assert len(server.bodies) == 1
    assert second.text == "cdef\nmor"  # the text at the tenth chunk, after more than 375 ms
    assert third == PolicyAnswer("def\nmor", inferred=False)
    assert server.given_up == 1


def test_continue_gives_a_request_up_for_one_that_does_not_fit() -> None:
    server = FakeServer("abc", read=1)

    async def scene(policy: Peer) -> Any:
        return await type_texts(policy, ["x", "y"], gap=0.5)

    answers = play(Continue, server, scene)
    assert len(server.bodies) == 2
    assert server.given_up == 1
    assert answers[-1].text == "abc"


def test_continue_prunes_whole_lines_and_leaves_nothing_that_repeats() -> None:
    line = "0123456789" * 10 + "\n"
    prefix, suffix = prune_context(DocumentView("a.py", line * 50 + "x", "\n" + line * 50))
    assert prefix.endswith("\nx")
    assert 900 < len(prefix) <= 1106
    assert 500 < len(suffix) <= 738
    assert postprocess("a = 1\nb", "a = 1\n") == ""
    assert postprocess("  \n ", "x") == ""
    assert postprocess(" y", "x") == "y"


# Tabby


def test_tabby_waits_less_the_longer_answers_take_and_not_before_the_first() -> None:
    debounce = Debounce()
    view = DocumentView("a.py", "x", "\ny")
    assert debounce.delay(10.0, view, None) == 0.001
    assert debounce.delay(20.0, view, 0.0) == pytest.approx((3 - 1.5 * 0.4) * 0.2)
    assert debounce.delay(30.0, view, 5.0) == 0.1
    for n in range(30):
        debounce.delay(40 + n / 10, view, None)
    assert debounce.delay(50.0, DocumentView("a.py", "x.", ""), 0.0) == pytest.approx(1.5 * 0.1)


def test_tabby_reads_until_a_stop_word_and_remembers_the_rest_of_the_line() -> None:
    server = FakeServer("value = compute()\n\nmore", read=0.05)

    async def scene(policy: Peer) -> Any:
        first = await policy.ask(DocumentView("a.py", "def f():\n    ", "\n"))
        return first, await policy.ask(DocumentView("a.py", "def f():\n    va", "\n"))

    first, second = play(Tabby, server, scene)
    assert first == PolicyAnswer("value = compute()", tokens=19)
    assert second == PolicyAnswer("lue = compute()", inferred=False)
    assert server.given_up == 1  # the client closes the connection at the stop word
    assert server.bodies[0]["prompt"].startswith("<|fim_prefix|>def f():\n    <|fim_suffix|>")


def test_tabby_shows_no_bits_no_second_line_within_a_line_and_no_other_scope() -> None:
    assert before_cache("ab", DocumentView("a.py", "x", "\n")) == ""
    assert before_cache("abcd\nefgh", DocumentView("a.py", "f(", "x)\n")) == ""
    assert before_cache("abcd\nefgh", DocumentView("a.py", "f(", ")\n")) == "abcd\nefgh"
    assert before_cache("y = 2222", DocumentView("a.py", "", "\ny = 2222\n")) == ""
    scope = limit_scope("a = 1\n    b = 2\nc = 3", DocumentView("a.py", "def f():\n    ", "\n"))
    assert scope == "a = 1\n    b = 2"
    assert "\n\n    " in STOPS
