"""What tokens cost, and which price applies to a provider."""

import tomllib
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assist_escalation.budget.prices import cost_micro, find_price, upper_micro
from assist_escalation.errors import EscalationError
from assist_escalation.policy.endpoints import Price, Provider
from assist_escalation.prompts import Usage

FRONTIER, HERE = "https://api.example.com/v1", "http://127.0.0.1:8080/v1"
tokens = st.integers(0, 1_000_000)
rates = st.decimals(0, 500, places=4).map(float)


@pytest.mark.parametrize(
    ("price", "usage", "micro"),
    [
        (Price(2.5, 10.0), Usage(input=1000, output=100), 3500),
        (Price(2.5, 10.0), Usage(input=1, output=0), 3),  # 2.5, rounded up
        (Price(0.1, 0.2), Usage(input=10, output=10), 3),  # exact, although floats add up to more
        (Price(0.1, 0.4), Usage(input=3, output=0), 1),
        (Price(4.0, 20.0, 0.2, 5.0), Usage(10, 100, 1000, 1), 40 + 20 + 5000 + 20),
        (Price(4.0, 20.0), Usage(10, 100, 1000, 1), 4 * 1110 + 20),  # cached tokens cost the same
        (Price(0.0, 0.0), Usage(10**9, 0, 0, 10**9), 0),
        (Price(1.0, 1.0), Usage(), 0),
        (Price(100.0, 1.0), Usage(input=10**30), 10**32),
    ],
)
def test_costs(price: Price, usage: Usage, micro: int) -> None:
    assert cost_micro(price, usage) == micro


@pytest.mark.parametrize(
    "usage", [Usage(input=-1), Usage(cache_read=-1), Usage(cache_write=-1), Usage(output=-1)]
)
def test_negative_tokens_have_no_cost(usage: Usage) -> None:
    with pytest.raises(EscalationError, match="negative tokens"):
        cost_micro(Price(1.0, 1.0), usage)


@given(st.tuples(rates, rates, rates, rates), st.tuples(tokens, tokens, tokens, tokens), tokens)
def test_no_usage_within_the_bounds_costs_more_than_the_upper_bound(
    four: tuple[float, float, float, float], used: tuple[int, int, int, int], unused: int
) -> None:
    usage = Usage(*used)
    sent = usage.input + usage.cache_read + usage.cache_write
    assert cost_micro(Price(*four), usage) <= upper_micro(Price(*four), sent, usage.output + unused)


@pytest.mark.parametrize(
    ("model", "dollars"),
    [
        ("gpt-4o", (2.5, 10.0)),
        ("gpt-4o-2024-08-06", (2.5, 10.0)),
        ("gpt-4o-2024-05-13", (5.0, 15.0)),  # it has its own row
        ("claude-haiku-4-5-20251001", (1.0, 5.0)),
        ("claude-haiku-4-5@20251001", (1.0, 5.0)),
        ("gpt-4o-mini-latest", None),  # it changes from model to model
        ("gpt-4o-turbo", None),
        ("gpt-4o-2024", None),
        ("my-gpt-4o", None),
        ("openai/gpt-4o", None),  # from a reseller, at a reseller's price
        ("GPT-4o", None),
        ("qwen2.5-coder-1.5b", None),
    ],
)
def test_a_listed_model_is_found_by_its_name_or_with_a_date(
    model: str, dollars: tuple[float, float] | None
) -> None:
    price = find_price(Provider(FRONTIER, model))
    assert (price and (price.input_usd_per_mtok, price.output_usd_per_mtok)) == dollars


def test_the_users_price_wins() -> None:
    own = Price(7.0, 8.0)
    assert find_price(Provider(FRONTIER, "gpt-4o", price=own)) == own
    assert find_price(Provider(HERE, "gpt-4o", price=own)) == own
    assert find_price(Provider(FRONTIER, "unheard-of", price=own)) == own


@pytest.mark.parametrize("url", [HERE, "http://localhost/v1", "http://[::1]:1234/v1", "https://127.0.0.1/v1"])
def test_a_model_on_this_machine_costs_nothing(url: str) -> None:
    assert find_price(Provider(url, "qwen2.5-coder-1.5b")) == Price(0.0, 0.0)


def test_a_gateway_on_this_machine_to_a_listed_model_costs_what_the_model_does() -> None:
    assert find_price(Provider(HERE, "gpt-4o")) == find_price(Provider(FRONTIER, "gpt-4o"))


@pytest.mark.parametrize("url", ["https://localhost.example.com/v1", "https://127.0.0.1.example.com/v1"])
def test_what_only_looks_like_this_machine_has_no_price(url: str) -> None:
    assert find_price(Provider(url, "qwen2.5-coder-1.5b")) is None


def test_prices_of_short_prompts_do_not_hold_for_long_ones() -> None:
    assert find_price(Provider(FRONTIER, "claude-haiku-5-5", context_tokens=100_000)) is not None
    assert find_price(Provider(FRONTIER, "claude-haiku-5-5", context_tokens=100_001)) is None


def test_every_row_of_the_list_is_a_price() -> None:
    text = resources.files("assist_escalation.budget").joinpath("prices.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)["models"]
    for model, row in rows.items():
        assert row.keys() <= {"input", "cache_read", "cache_write", "output", "up_to"}
        assert 0 < row.get("cache_read", row["input"]) <= row["input"] < row["output"], model
        assert row["input"] <= row.get("cache_write", row["input"]) <= 2 * row["input"], model
        price = find_price(Provider(FRONTIER, model))
        assert price is not None
        assert price.input_usd_per_mtok == row["input"], model
