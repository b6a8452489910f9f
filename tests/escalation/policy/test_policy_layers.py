"""Layers only make the rules stricter, in any order."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as run
from hypothesis import strategies as st
from policies import NAMES, PATHS, USER, layer, owner, prompt, provider, settings, stranger
from rounds import rounds

from assist_escalation.policy.permissions import (
    OPEN,
    Layer,
    Permissions,
    permissions,
    restrictions,
    sources,
    unknown_providers,
)
from assist_escalation.policy.verdict import judge, judge_ghost_text

ROOT = "/nowhere/shop"  # judged by name: the files need not exist
SEEDS = st.integers(0, 2**64)
MODES = ("never", "ask", "auto")
PROMPTS = [prompt(ROOT, path, command=command) for path in PATHS for command in ("explain", "refactor")]


def within(inner: Permissions, outer: Permissions) -> bool:
    """Whether `inner` allows nothing that `outer` does not, field by field."""
    return (
        MODES.index(inner.mode) <= MODES.index(outer.mode)
        and inner.max_escalation_rate <= outer.max_escalation_rate
        and inner.request_micro <= outer.request_micro
        and inner.day_micro <= outer.day_micro
        and inner.user_day_micro <= outer.user_day_micro
        and set(inner.always_local) >= set(outer.always_local)
        and set(inner.always_ask) >= set(outer.always_ask)
        and inner.providers.keys() <= outer.providers.keys()
        and all(
            set(one.residency) <= set(outer.providers[name].residency)
            for name, one in inner.providers.items()
        )
        and all(
            replace(one, residency=()) == replace(outer.providers[name], residency=())
            for name, one in inner.providers.items()
        )
        and set(inner.deny) >= set(outer.deny)
        and set(inner.classes) >= set(outer.classes)
        and set(inner.patterns) >= set(outer.patterns)
        and inner.allow_unknown_price <= outer.allow_unknown_price
        and inner.allow_unasked_retry <= outer.allow_unasked_retry
        and inner.yes_allowed <= outer.yes_allowed
        and inner.gateway_unattributed <= outer.gateway_unattributed
        and inner.gateway_uninspected <= outer.gateway_uninspected
        and inner.gateway_session_micro <= outer.gateway_session_micro
        and (inner.gateway_matched == "refuse" or outer.gateway_matched == "cut")
    )


def sent(rules: Permissions) -> set[tuple[int, str]]:
    """The prompts that may leave, and to whom, as questions and as ghost text."""
    asked = {
        (number, name)
        for number, each in enumerate(PROMPTS)
        for name in NAMES
        if judge(each, rules, name).allowed
    }
    served = enumerate(PROMPTS)
    return asked | {
        (number, f"{rules.ghost_server} for ghost text")
        for number, each in served
        if judge_ghost_text(each, rules, rules.ghost_server).allowed
    }


def without_order(rules: Permissions) -> object:
    """The permissions as a value that must be equal for two orders of layers."""
    sets = ("always_local", "always_ask", "deny", "classes", "patterns")
    changed = {name: tuple(sorted(getattr(rules, name), key=repr)) for name in sets}
    return replace(rules, **changed)  # type: ignore[arg-type]


@pytest.mark.slow
@run(max_examples=rounds(5000, 500))
@given(SEEDS)
def test_a_strangers_layer_only_takes_away(seed: int) -> None:
    chance = random.Random(seed)
    author = chance.choice(["repository", "editor"])
    layers = [layer("user", owner(chance)), layer(author, settings(chance))]
    alone, both = permissions(layers[:1], [ROOT]), permissions(layers, [ROOT])
    assert within(both, alone)
    assert both.audit_content == alone.audit_content
    asked = chance.choice(PROMPTS)  # one for each case; the next test has all of them
    for name in both.providers:
        assert judge(asked, both, name).allowed <= judge(asked, alone, name).allowed
    assert both.ghost_server == alone.ghost_server
    assert judge_ghost_text(asked, both, "team").allowed <= judge_ghost_text(asked, alone, "team").allowed


@run(max_examples=50)
@given(SEEDS)
def test_each_layer_sends_only_prompts_that_were_sent_without_it(seed: int) -> None:
    chance = random.Random(seed)
    layers = [layer("user", owner(chance))]
    before = sent(permissions(layers, [ROOT]))
    for author in chance.sample(["repository", "editor", "organisation"], 2):
        layers.append(layer(author, settings(chance)))
        after = sent(permissions(layers, [ROOT]))
        assert after <= before
        before = after


def test_some_of_these_prompts_are_sent_and_some_are_not() -> None:
    chance = random.Random(1)
    counts = [len(sent(permissions([layer("user", owner(chance))], [ROOT]))) for _ in range(20)]
    assert 0 in counts
    assert max(counts) > len(PROMPTS)


@run(max_examples=500)
@given(SEEDS)
def test_an_organisation_only_takes_away_from_what_it_did_not_define(seed: int) -> None:
    chance = random.Random(seed)
    user, ours = layer("user", owner(chance)), layer("organisation", settings(chance))
    assert within(permissions([ours, user], [ROOT]), permissions([user], [ROOT]))


@run(max_examples=500)
@given(SEEDS)
def test_the_order_of_layers_does_not_matter(seed: int) -> None:
    chance = random.Random(seed)
    layers = [layer("organisation", owner(chance)), layer("user", owner(chance))]
    layers += [layer("repository", settings(chance), source) for source in "abc"]
    before = without_order(permissions(layers, [ROOT]))
    chance.shuffle(layers)
    assert without_order(permissions(layers, [ROOT])) == before


def both(*layers: Layer) -> Permissions:
    return permissions([layer("user", USER), *layers], [ROOT])


def test_no_class_of_the_users_is_not_left_to_strangers() -> None:
    mine = replace(USER, default_class="", providers={"eu": provider("public")})
    both = permissions([layer("user", mine), stranger(default_class="public")], [ROOT])
    assert judge(PROMPTS[0], both, "eu").classes == ("internal", "public")
    assert not judge(PROMPTS[0], both, "eu").allowed


def test_silence_forbids_nothing() -> None:
    assert both(stranger()) == both()
    assert restrictions(stranger()) == ()


def test_a_stranger_defines_no_provider_even_if_it_gets_that_far() -> None:
    evil = stranger(providers={"evil": provider("internal"), "eu": provider("secret")}, audit_checkpoint="/x")
    assert both(evil).providers == both().providers
    assert both(evil).audit_checkpoint == ""


def test_the_organisations_provider_is_the_one_that_its_name_stands_for() -> None:
    theirs = replace(provider("public"), base_url="https://gateway.example/v1")
    ours = layer("organisation", replace(OPEN, providers={"us": theirs}, allowed_providers=("us",)))
    assert both(ours).providers == {"us": theirs}


def test_the_user_says_which_provider_comes_first() -> None:
    mine = replace(USER, allowed_providers=("home", "us"))
    assert list(permissions([layer("user", mine)]).providers) == ["home", "us"]
    assert list(permissions([stranger(allowed_providers=("us", "home")), layer("user", mine)]).providers) == [
        "home",
        "us",
    ]


def test_names_that_nobody_defined_are_told_and_allow_nothing() -> None:
    said = stranger(allowed_providers=("eu-azure",))
    assert unknown_providers([layer("user", USER), said]) == ((said, "eu-azure"),)
    assert both(said).providers == {}


@pytest.mark.parametrize(
    ("user", "ours", "kept"),
    [
        ("hash", {}, "hash"),
        ("full", {}, "full"),
        ("full", {"audit_content_max": "redacted"}, "redacted"),
        ("hash", {"audit_content": "redacted"}, "redacted"),
        ("hash", {"audit_content": "full", "audit_content_max": "hash"}, "hash"),
    ],
)
def test_an_organisation_bounds_what_the_audit_log_keeps(user: str, ours: dict[str, str], kept: str) -> None:
    mine = replace(USER, audit_content=user)
    theirs = layer("organisation", replace(OPEN, **ours))  # type: ignore[arg-type]
    assert permissions([layer("user", mine), theirs]).audit_content == kept


def test_money_is_exact_and_rounded_down() -> None:
    mine = replace(USER, max_cost_usd_per_request=0.07, max_cost_usd_per_day=0.0000019)
    found = permissions([layer("user", mine)])
    assert (found.request_micro, found.day_micro) == (70_000, 1)


def test_a_repository_lowers_its_own_day_and_not_the_persons() -> None:
    mine = replace(USER, max_cost_usd_per_day=2.0)
    strict = layer("repository", replace(OPEN, max_cost_usd_per_day=0.5))
    found = permissions([layer("user", mine), strict])
    assert (found.day_micro, found.user_day_micro) == (500_000, 2_000_000)


def test_each_value_knows_who_is_to_blame() -> None:
    layers: Sequence[Layer] = (
        layer("user", USER, "mine"),
        layer("repository", replace(OPEN, mode="ask", deny=("a",), max_cost_usd_per_request=5.0), "theirs"),
        layer("organisation", replace(OPEN, deny=("b",), allowed_providers=("eu",)), "ours"),
    )
    found = sources(layers)
    assert found["mode"] == ("theirs",)
    assert found["request_micro"] == ("mine",)
    assert found["deny"] == ("ours", "theirs")
    assert found["providers"] == ("ours", "mine")
    assert found["yes_allowed"] == ()
    assert set(found) == set(Permissions.__dataclass_fields__)
