"""What a request is booked at, whatever a provider claims."""

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from assist_escalation.budget.prices import Attempts, cost_micro, settlement, upper_micro
from assist_escalation.policy.endpoints import Price
from assist_escalation.prompts import Usage
from assist_escalation.provider.chat_completion import MAX_TOKENS, reported_usage

counts: st.SearchStrategy[Any] = st.one_of(
    st.integers(0, 30_000),
    st.integers(-(10**40), 10**40),
    st.sampled_from([MAX_TOKENS - 1, MAX_TOKENS, MAX_TOKENS + 1, 2**63, -1, True, None]),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=2),
)
details = st.one_of(st.dictionaries(st.sampled_from(["cached_tokens", "cache_write_tokens"]), counts), counts)
names = ["prompt_tokens", "completion_tokens", "prompt_tokens_details"]
claims = st.one_of(
    st.none(),
    st.fixed_dictionaries({}, optional={names[0]: counts, names[1]: counts, names[2]: details}),
)
rates = st.decimals(0, 500, places=4).map(float)
prices = st.builds(Price, rates, rates, rates, rates)


@given(claims, st.booleans(), st.booleans(), prices, st.integers(0, 30_000), st.integers(0, 3))
@example({"prompt_tokens": 120, "completion_tokens": 20_000}, True, True, Price(10.0, 30.0), 4_096, 0)
@example({"prompt_tokens": 120, "completion_tokens": 10**30}, True, True, Price(10.0, 30.0), 4_096, 0)
def test_whatever_is_claimed_the_reservation_or_a_higher_claim_is_booked(
    claim: Any, wrote: bool, ended: bool, price: Price, output: int, charged: int
) -> None:
    said = reported_usage(claim, size=90, wrote=9 * wrote, most=output)
    if said is not None and not ended:
        said = Usage(said.input, said.cache_read, said.cache_write, said.output, estimated=True)
    reserved = upper_micro(price, 900, output)
    paid = settlement(price, Attempts(reserved, charged), said, Usage(900, output=min(output, 40)))
    micro = paid.micro - charged * reserved
    assert type(paid.micro) is int
    assert all(type(each) is int and each >= 0 for each in (paid.usage.input, paid.usage.output))
    if said is None or said.estimated:
        assert paid.usage.estimated
        assert micro >= reserved
        assert micro >= (cost_micro(price, said) if said else 0)
    else:
        assert micro == cost_micro(price, said)
        assert paid.usage.estimated == (charged > 0)
    assert micro <= max(reserved, upper_micro(price, MAX_TOKENS, MAX_TOKENS))


@given(st.integers(1, MAX_TOKENS), st.integers(1, MAX_TOKENS))
def test_an_honest_count_is_believed_however_little_text_is_shown(prompt: int, output: int) -> None:
    claim = {"prompt_tokens": prompt, "completion_tokens": output}
    said = reported_usage(claim, size=prompt, wrote=64, most=MAX_TOKENS)
    assert said is not None
    assert (said.input, said.output) == (prompt, output)
    assert said.estimated == (prompt + output > MAX_TOKENS)


def test_a_count_of_fewer_tokens_than_the_text_has_is_no_count() -> None:
    for prompt, output, estimated in ((1, 200, True), (4_000, 1, True), (157, 47, False)):
        claim = {"prompt_tokens": prompt, "completion_tokens": output}
        said = reported_usage(claim, size=10_000, wrote=3_000, most=5_000)
        assert said is not None
        assert said.estimated == estimated


def test_more_output_than_the_limit_or_far_more_input_than_was_sent_is_no_final_count() -> None:
    for prompt, output, estimated in ((200_000, 5, True), (30, 50_000, True), (15_000, 100, False)):
        claim = {"prompt_tokens": prompt, "completion_tokens": output}
        said = reported_usage(claim, size=100, wrote=9, most=100)
        assert said is not None
        assert (said.input, said.output, said.estimated) == (prompt, output, estimated)
