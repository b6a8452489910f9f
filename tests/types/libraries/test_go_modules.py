"""What packages of Go offer, and which package an import means by `go.mod`, in trees that look installed."""

import os
from pathlib import Path

import pytest
from installs import types_of
from workspaces import put

from assist_context.languages import language_of
from assist_types.libraries.finders import Finders
from assist_types.libraries.go_modules import GoModules, module_of

GO_MOD = """\
module example.com/shop

go 1.22

require example.com/Money v1.2.0 // what things cost
require (
	"example.com/tax/v2" v2.0.1
	example.com/local v0.1.0
	example.com/moved v0.1.0
	example.com/gone v0.1.0
)

replace example.com/local => ../local
replace example.com/moved v0.1.0 => example.com/tax/v2 v2.0.1
"""
MONEY = """\
package money

import "io"

const Zero, cents = 0, 100

var Default Coin

type Coin struct {
	base
	Name string
	hidden int
}
type base struct{ ID, owner int }
type Purse struct {
	io.Reader
	Coin
}
type Minute int64
type Named Coin
type Payer interface {
	Pay(Coin) error
	close()
}

func New(name string) (*Coin, error) { return nil, nil }
func parse() {}
func (c *Coin) String() string { return c.Name }
func (b base) Total() int { return 0 }
func (m Minute) Hours() int { return 0 }
"""
LINUX = "//go:build linux\n\npackage money\n\nfunc Linux() {}\n"


@pytest.fixture
def shop(tmp_path: Path) -> dict[str, str]:
    """A module, what it requires, and Go itself; the variables that say where."""
    put(tmp_path, "shop/go.mod", GO_MOD)
    put(tmp_path, "mod/example.com/!money@v1.2.0/money.go", MONEY)
    put(tmp_path, "mod/example.com/!money@v1.2.0/linux.go", LINUX)
    put(tmp_path, "mod/example.com/!money@v1.2.0/money_test.go", "package money\n\nfunc TestX() {}\n")
    put(tmp_path, "mod/example.com/tax/v2@v2.0.1/rates/rates.go", "package rates\n\nfunc Of() {}\n")
    put(tmp_path, "mod/example.com/tax/v2@v2.0.1/broken/a.go", "package broken\n\nfunc A() {}\nfunc (((\n")
    put(tmp_path, "go/VERSION", "go1.24.4\ntime 2025\n")
    put(tmp_path, "go/src/strings/strings.go", "package strings\n\nfunc Cut() {}\n")
    return {"GOMODCACHE": str(tmp_path / "mod"), "GOROOT": str(tmp_path / "go")}


def test_a_package_offers_what_all_its_files_export(tmp_path: Path, shop: dict[str, str]) -> None:
    types = types_of(GoModules(str(tmp_path / "shop"), shop))
    names = types.names("example.com/Money")
    assert names == {"Zero", "Default", "Coin", "Purse", "Minute", "Named", "Payer", "New", "Linux"}
    described = types.describe("example.com/Money", "New")
    assert described is not None
    assert described.name.head == "func New(name string) (*Coin, error)"
    assert types.names("strings") == {"Cut"}
    assert types.names("example.com/tax/v2/broken") is None


@pytest.mark.parametrize(
    ("name", "members", "whole"),
    [
        ("Coin", {"Name", "String", "ID", "Total"}, True),  # also of what it embeds
        ("Minute", {"Hours"}, True),
        ("Payer", {"Pay"}, True),
        ("Purse", {"Reader", "Coin"}, False),  # it embeds something of another package
        ("Named", set(), False),
    ],
)
def test_members_of_types(
    tmp_path: Path, shop: dict[str, str], name: str, members: set[str], whole: bool
) -> None:
    found = types_of(GoModules(str(tmp_path / "shop"), shop)).members("example.com/Money", f"{name}()")
    assert found is not None
    assert {member for member in found.names if member[0].isupper()} >= members
    assert found.whole is whole
    assert not found.names & {"hidden", "owner", "Missing"}


@pytest.mark.parametrize(
    ("module", "version"),
    [
        ("example.com/Money", "v1.2.0"),
        ("example.com/tax/v2/rates", "v2.0.1"),
        ("example.com/moved/rates", "v2.0.1"),
        ("strings", "go1.24.4"),
        ("example.com/local", None),  # replaced by a folder
        ("example.com/gone", None),  # never fetched
        ("example.com/other", None),  # not required
        ("example.com/shop/cart", None),  # the module's own
        ("example.com/Money/../../../go/src/strings", None),
        ("missing", None),
        ("C", None),
    ],
)
def test_an_import_means_a_version_by_go_mod(
    tmp_path: Path, shop: dict[str, str], module: str, version: str | None
) -> None:
    found = GoModules(str(tmp_path / "shop"), shop).find(module)
    assert (found.version if found is not None else None) == version


@pytest.mark.parametrize("written", ["go 1.16", "", "go 1.22\nrequire example.com/Money v1.2.0/../../x"])
def test_a_go_mod_that_does_not_say_it_all_says_nothing(
    tmp_path: Path, shop: dict[str, str], written: str
) -> None:
    required = "" if "x" in written else "\nrequire example.com/Money v1.2.0\n"
    put(tmp_path, "old/go.mod", f"module example.com/old\n\n{written}{required}")
    assert GoModules(str(tmp_path / "old"), shop).find("example.com/Money") is None


def test_a_file_belongs_to_the_nearest_module_but_to_none_in_a_go_work(
    tmp_path: Path, shop: dict[str, str]
) -> None:
    root = str(tmp_path)
    put(tmp_path, "shop/cart/cart.go", "package cart\n")
    assert module_of(str(tmp_path / "shop/cart"), root) == str(tmp_path / "shop")
    assert module_of(str(tmp_path / "mod"), root) == ""
    finder = Finders(shop).of(str(tmp_path / "shop/cart/cart.go"), root, language_of("cart.go"))
    assert isinstance(finder, GoModules)
    put(tmp_path, "go.work", "go 1.22\n")
    assert module_of(str(tmp_path / "shop/cart"), root) == ""
    assert Finders(shop).of(os.path.join(root, "shop/a.go"), root, language_of("a.go")) is None
