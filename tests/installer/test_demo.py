"""The demo: how it shows what a model wrote, and, with the real model, what that is."""

import pytest
from command_runs import Assist

from assist_installer.demo.lsp_client import DemoScene, Shot
from assist_installer.demo.scenes import show

SCENE = DemoScene("The end of a line", "inventory.py", "return sum(", "item.price)", rest=1.0, keys=2)
LINES = ("    def total_value(self):", "        return sum(")


def test_a_shot_is_readable_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    counts = {"source-model": 1, "prompt-tokens": 90, "prompt-tokens-evaluated": 12, "tokens-generated": 5}
    show(Shot(SCENE, LINES, 1, 19, text="item.price)", ms=412.4, counts=counts))
    typed = (LINES[0], LINES[1] + "i")
    show(Shot(SCENE, typed, 1, 20, "i", "tem.price)", ms=1.2, counts={"source-typed-through": 1}))
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "inventory.py:2:20  The end of a line" in shown
    assert "return sum(«item.price)»" in shown
    assert "412 ms, 12 of 90 prompt tokens read, 5 written" in shown
    assert "Now its first characters are typed:" in shown
    assert "typed 'i'      " in shown
    assert "1 ms, already known: no inference: «tem.price)»" in shown


def test_a_place_without_a_text_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    show(Shot(SCENE, LINES, 1, 19, counts={"low-confidence": 1}))
    assert "Nothing is shown: not confident enough" in capsys.readouterr().out


def test_the_demo_without_a_model_says_what_to_run(assist: Assist) -> None:
    done = assist("demo", "--json")
    assert done.code == 1
    assert "assist setup" in done.json["error"]


@pytest.mark.model
def test_the_demo_completes_real_code_through_a_real_server(ready_assist: Assist) -> None:
    document = ready_assist("demo", "--json").json
    shots = document["shots"]
    assert {shot["file"] for shot in shots} == {"inventory.py", "report.py", "cart.ts", "queue.go"}
    assert document["summary"]["completed"] >= 4
    asked = [shot for shot in shots if not shot["typed"] and shot["text"]]
    assert all(shot["source"] == "model" and shot["tokens"]["generated"] for shot in asked)
    typed = [shot for shot in shots if shot["typed"]]
    assert typed
    assert all(shot["source"] == "typed-through" and not shot["tokens"]["evaluated"] for shot in typed)
    assert typed[0]["typed"] + typed[0]["text"] == asked[0]["text"]
