"""Ghost text's egress under random prompts and kills: what arrives at the server, against what is recorded."""

import asyncio
import json
import os
import random
import sys
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import ghost_child
import pytest
from hostile import Hostile
from rounds import rounds
from secret_lines import assignment_lines, token_lines
from team_servers import pieces, rules, session

from assist_escalation.audit.verifier import verify
from assist_escalation.budget.ledger import Ledger
from assist_escalation.errors import EscalationError
from assist_escalation.gate.ghost_text.incremental_redaction import CursorTexts
from assist_escalation.policy.permissions import Layer
from assist_escalation.policy.settings import EscalationSettings
from assist_escalation.prompts import Origin, Span
from assist_escalation.provider.failures import Fault

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PROMPTS, SEED, ROUNDS = rounds(10_000, 500), 7, rounds(30, 10)
CODE = "".join(f"def part_{n}(value):\n    return value * {n}\n\n\n" for n in range(12))
ALLOWED = ("shop/cart.py", "shop/prices.py", "web/app.js", "main.go")
BARRED = (".env", "keys/id_rsa", "private/plan.py", "../outside.py", "pay/card.py", "deploy/.aws/credentials")
MARK = "barred_text_of"  # in every text of a barred file


def events(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "audit.jsonl").read_text().splitlines()
    return [json.loads(line)["event"] for line in lines]


class Corpus:
    """Texts of files with secrets in some of them, each made once, as files are."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        lines = [*token_lines(31, 40), *assignment_lines(32, 40)]
        self._texts = [f"{CODE}{line.text}\n{CODE}" for line in lines] + [CODE] * 40
        self.secrets = [line.secret for line in lines if len(line.secret) >= 12]

    def prompt(self, root: str) -> tuple[CursorTexts, bool]:
        """A prompt, and whether all of it may leave."""
        chance = self._chance
        paths = [chance.choice(ALLOWED if chance.random() < 0.95 else BARRED) for _ in range(3)]
        files = tuple(Span(self._text(path), Origin("file", path, root)) for path in paths[1:])
        here = Origin("file", paths[0], root)
        head, typed = self._text(paths[0]), f"x_{chance.randrange(10_000)} = value"
        if chance.random() < 0.2:
            typed = chance.choice(self._texts)[-400:] + "\n" + typed
        texts = CursorTexts(files, Span(head, here), Span(typed, here), "", Span(CODE, here))
        return texts, not set(paths) & set(BARRED)

    def _text(self, path: str) -> str:
        return f"{MARK} {path}\n" if path in BARRED else self._chance.choice(self._texts)


async def test_random_prompts_show_nothing_barred_and_no_secret(tmp_path: Path) -> None:
    """No denied path, no secret of the corpus, no request that is not counted after its intent."""
    root = tmp_path / "space"
    for path in (*ALLOWED, *BARRED[2:5:2]):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("")
    chance = random.Random(SEED)
    corpus = Corpus(chance)
    strict = EscalationSettings(mode="auto", deny=("private/",), data_class={"pay/**": "restricted"})
    layer = Layer("organisation", "policy.toml", replace(strict, default_class=""))
    async with Hostile(pieces("1")) as server:
        asked = session(tmp_path, rules(server.url, root, layer))
        sent = 0
        lost = 0  # connections that a busy machine made too late
        for _ in range(PROMPTS):
            texts, may_leave = corpus.prompt(str(root))
            before = len(server.requests)
            try:
                async with aclosing(asked.complete(texts, 8, one_line=True)) as found:
                    async for _ in found:
                        pass
            except EscalationError as error:
                lost += isinstance(error, Fault)
                assert len(server.requests) == before
                continue
            assert may_leave
            sent += 1
            (seen,) = server.requests[before:]
            prompt = seen.json["prompt"]
            assert MARK not in prompt
            assert not any(path in prompt for path in BARRED)
            assert [secret for secret in corpus.secrets if secret in prompt] == []
        await asked.close()
        assert sent == len(server.requests) <= server.connections <= sent + lost
    found = events(tmp_path)
    assert [each["kind"] for each in found] == ["intent", "outcome"] * (len(found) // 2)
    assert PROMPTS / 2 < sent <= sum(each.get("requests", 0) for each in found) <= sent + lost
    assert verify(tmp_path / "audit.jsonl", bookings=Ledger(tmp_path / "ledger.sqlite").entries).ok


async def test_a_kill_loses_at_most_one_window(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "cart.py").write_text("")
    async with Hostile(pieces("1")) as server:
        script = [ghost_child.__file__, str(tmp_path), server.url, str(ROUNDS), str(SEED)]
        path = os.pathsep.join(each for each in sys.path if each)
        environ = {**os.environ, "PYTHONPATH": path}
        child = await asyncio.create_subprocess_exec(sys.executable, *script, env=environ)
        assert await child.wait() == 0
        arrived = len(server.requests)
    found = events(tmp_path)
    intents = [each["request_id"] for each in found if each["kind"] == "intent"]
    outcomes = {each["request_id"]: each["requests"] for each in found if each["kind"] == "outcome"}
    orphans = len(intents) - len(outcomes)
    counted = sum(outcomes.values())
    assert counted <= arrived <= counted + orphans * (60 / (5 * ghost_child.WINDOW) + 1)
    assert ROUNDS / 4 <= orphans <= ROUNDS
    report = verify(tmp_path / "audit.jsonl")
    assert (report.problem, report.orphan_count) == ("", orphans)
