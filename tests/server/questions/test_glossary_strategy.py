"""A new way to answer is one module and one entry point: here one that answers from a glossary."""

import re
from importlib.metadata import distribution
from pathlib import Path

import pytest
from command_runs import Assist, runner

from assist_server.questions.decision import AnswerContext
from assist_server.questions.events import FinalAnswer, end_without_model
from assist_server.questions.session import AnswerSession, Applicability, AskedQuestion

GLOSSARY = "# Glossary\n\n**parcel**: what one customer gets at once.\n"


class GlossaryStrategy:
    """Answers "what is a parcel?" with the line of the glossary that defines it."""

    name = "glossary"
    asks_models = False
    commands = ("ask",)
    after = "facts"

    def applies(self, asked: AskedQuestion) -> Applicability:
        term = re.fullmatch(r"what is (?:an? |the )?(.+?)\?", asked.question.words.strip(), re.IGNORECASE)
        for path in ("docs/glossary.md", "GLOSSARY.md") if term else ():
            for number, line in enumerate(asked.folders.corpus.lines(path), 1):
                if term and line.lower().startswith(f"**{term[1].lower()}**: "):
                    said = line.partition(": ")[2].strip()
                    return Applicability(True, "the glossary defines it", f"{said} ({path}:{number})")
        return Applicability(False, "no glossary defines it")

    async def answer(self, context: AnswerContext, session: AnswerSession) -> FinalAnswer:
        session.sink.text(str(context.found))
        return end_without_model(context, str(context.found))


STRATEGY = GlossaryStrategy()


@pytest.fixture
def assist(tmp_path: Path, home: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Assist:
    """`assist` in a workspace with a glossary, where the installed entry points have one more."""
    info = tmp_path / "site" / "assist_lsp-0.dist-info"
    (tmp_path / "shop" / "docs").mkdir(parents=True)
    (tmp_path / "shop" / "docs" / "glossary.md").write_text(GLOSSARY)
    info.mkdir(parents=True)
    points = (distribution("assist-lsp").read_text("entry_points.txt") or "") + "\n"
    group = "[assist.strategies]\n"
    (info / "entry_points.txt").write_text(points.replace(group, f"{group}a = {__name__}:STRATEGY\n"))
    monkeypatch.syspath_prepend(tmp_path / "site")
    return runner(tmp_path / "shop", home)


def test_a_glossary_answers_what_it_defines(assist: Assist) -> None:
    done = assist("ask", "what is a parcel?")
    assert done.out.strip().endswith("what one customer gets at once. (docs/glossary.md:3)")
    assert "the glossary defines it" in done.err
