"""Which files an agent may be shown: the strictest of all rules, whoever wrote them, by all names of a file."""

import os
from pathlib import Path

import pytest
from agent_shop import AgentShop, make_shop
from config_files import PROVIDER

from assist_escalation.errors import RefusedError

SECOND = PROVIDER.replace("providers.openai", "providers.inner").replace('"public", ', '"restricted", ')
CLASSES = '[data_class]\n"shop/rates.py" = "restricted"\n"docs/**" = "public"\n'
PATHS = ("shop/cart.py", "shop/rates.py", "docs/rounding.md")


@pytest.fixture
def shop(tmp_path: Path) -> AgentShop:
    return make_shop(tmp_path)


def kept(shop: AgentShop, rules: str = "", provider: str = "") -> dict[str, str]:
    """Why the paths are kept. What is judged fast never hides what is shown, or all rules would not count."""
    shown = shop.view(rules, provider).shown
    found = shown.reasons_to_keep(PATHS)
    assert {path for path in PATHS if shown.hides(path)} <= found.keys()
    return found


@pytest.mark.parametrize(
    ("rules", "provider", "wanted"),
    [
        ("", "", set()),
        (
            '[escalation]\nmode = "never"\n',
            "",
            set(),
        ),  # says what assist sends, not what the user's agent does
        ('[egress]\ndeny = ["shop/rates.py"]\n', "", {"shop/rates.py"}),
        (CLASSES, "", {"shop/rates.py", "docs/rounding.md"}),  # nothing says that its model may see a class
        (PROVIDER + CLASSES, "", {"shop/rates.py"}),
        (PROVIDER + SECOND + CLASSES, "", {"shop/rates.py", "docs/rounding.md"}),  # what each of them may see
        (PROVIDER + SECOND + CLASSES, "inner", {"docs/rounding.md"}),
        (PROVIDER + CLASSES, "openai", {"shop/rates.py"}),
        ('[escalation]\nresidency = ["public"]\n', "", set(PATHS)),
        ('[escalation]\ndefault_class = "secret"\nresidency = ["*"]\n' + PROVIDER, "", set(PATHS)),
    ],
)
def test_the_strictest_rule_counts(shop: AgentShop, rules: str, provider: str, wanted: set[str]) -> None:
    assert kept(shop, rules, provider).keys() == wanted


def test_the_reason_names_file_and_rule(shop: AgentShop) -> None:
    why = kept(shop, '[egress]\ndeny = ["shop/rates.py"]\n')["shop/rates.py"]
    assert why.startswith("shop/rates.py never leaves: shop/rates.py is denied in ")


def test_a_provider_that_is_not_defined_is_refused(shop: AgentShop) -> None:
    with pytest.raises(RefusedError, match="claude is not a provider that may be used here \\(openai\\)"):
        kept(shop, PROVIDER, "claude")


def test_a_repositorys_rules_count_and_close_it_until_they_are_accepted(shop: AgentShop) -> None:
    (shop.root / ".assist.toml").write_text('[egress]\ndeny = ["docs/"]\n')
    found = kept(shop)
    assert found.keys() == set(PATHS)
    assert 'nothing may leave from here: mode = "never" in' in found["shop/cart.py"]
    assert "not accepted" in found["shop/cart.py"]


def test_rules_of_a_folder_below_count_for_it_alone(shop: AgentShop) -> None:
    (shop.root / "docs" / ".assist.toml").write_text('[escalation]\nmode = "never"\n')
    shown = shop.view().shown
    assert shown.hides("docs/rounding.md")
    assert not shown.hides("shop/cart.py")
    assert shown.reasons_to_keep(["shop/cart.py"]) == {}
    assert shown.reasons_to_keep(["docs/rounding.md"])


def test_a_file_is_kept_by_any_of_its_names(shop: AgentShop) -> None:
    (shop.root / "private").mkdir()
    os.link(shop.root / "shop" / "rates.py", shop.root / "private" / "rates.py")
    rules = '[egress]\ndeny = ["private/"]\n'
    assert kept(shop, rules).keys() == {"shop/rates.py"}
    os.unlink(shop.root / "private" / "rates.py")
    os.symlink(shop.root / "shop" / "rates.py", shop.root / "private" / "alias.py")
    shown = shop.view(rules).shown
    assert not shown.reasons_to_keep(["shop/rates.py"])
    assert shown.reasons_to_keep(["shop/rates.py"], {"shop/rates.py": "private/alias.py"})


def test_what_is_ignored_is_kept_also_before_the_index_knows(shop: AgentShop) -> None:
    (shop.root / ".assistignore").write_text("rates.py\n")
    assert kept(shop).keys() == {"shop/rates.py"}
