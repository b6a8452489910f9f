"""A question to the model on this machine: it sees nothing of what is kept, and its answer has no secret."""

from pathlib import Path
from typing import Any

import pytest
from agent_shop import AgentShop, make_shop
from scripted_model import ScriptedModel
from small_gguf import gguf

from assist_escalation.budget.token_count import count
from assist_escalation.errors import RefusedError
from assist_gateway.mcp_server.local_answers import BY_INDEX, ask_local
from assist_gateway.mcp_server.served_folder import ServedFolder

KEEPS_RATES = '[egress]\ndeny = ["shop/rates.py"]\n'
WORDS = "how does the total of a cart get its rate from the sealed contract?"


@pytest.fixture
def shop(tmp_path: Path) -> AgentShop:
    return make_shop(tmp_path)


async def answer(
    shop: AgentShop, model: ScriptedModel, words: str = WORDS, rules: str = "", ceiling: int = 700
) -> str:
    """What an agent is told; a file takes the model's place on the disk."""
    shop.own.mkdir(exist_ok=True)
    weights = shop.own / "small.gguf"
    weights.write_bytes(gguf(b"weights"))
    view = shop.view(f"{rules}[completion]\nmodel = '{weights}'\n")
    folder = ServedFolder(view.config, shop.folder(view.config))

    async def load() -> Any:
        return model

    try:
        return await ask_local(folder, words, ceiling, load, lambda _: None)
    finally:
        await folder.close()


def saying(text: str) -> ScriptedModel:
    return ScriptedModel(lambda _: [text])


async def test_the_answer_says_who_wrote_it_and_what_was_shown(shop: AgentShop) -> None:
    model = saying("The sum is multiplied by the rate.")
    found = await answer(shop, model)
    assert found.startswith("The sum is multiplied by the rate.\n")
    assert "\nsmall.gguf wrote this on this machine. " in found
    assert "shop/rates.py:" in found.rpartition("Shown: ")[2]
    assert "zanzibar" in model.asked[0].user
    assert count(await answer(shop, saying("It is so. " * 900), ceiling=90)) <= 90


async def test_what_a_rule_keeps_from_the_agent_is_not_shown_to_the_model_either(shop: AgentShop) -> None:
    model = saying("I do not know.")
    assert "rates.py" not in await answer(shop, model, rules=KEEPS_RATES)
    assert "zanzibar" not in model.asked[0].user
    (shop.root / ".assist.toml").write_text('[escalation]\nmode = "never"\n')
    with pytest.raises(RefusedError, match="kept by policy: nothing may leave from here"):
        await answer(shop, model)
    assert len(model.asked) == 1


async def test_a_secret_in_an_answer_is_taken_out_and_what_the_index_knows_is_not_asked(
    shop: AgentShop,
) -> None:
    found = await answer(
        shop, saying('It is PASSWORD = "hunter2-Xk29fq", for `deploy_shop`.'), "what does `deploy_shop` do"
    )
    assert "hunter2" not in found
    assert await answer(shop, saying(""), "who calls `negotiated_rate`?") == BY_INDEX
