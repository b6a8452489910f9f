"""How one file is written in an import of another one, and that `import_resolution` finds it again."""

import pytest

from assist_context.relations.import_paths import ecma_module, place_of, place_of_file, python_module
from assist_context.relations.import_resolution import resolve
from assist_context.relations.path_index import path_index_of
from assist_context.syntax.imports import Import

PYTHON = path_index_of(
    [
        "src/shop/__init__.py",
        "src/shop/money.py",
        "src/shop/web/__init__.py",
        "src/shop/web/page.py",
        "src/shop/plain/tool.py",
        "scripts/run.py",
        "scripts/tool.py",
        "setup.py",
    ]
)


@pytest.mark.parametrize(
    ("path", "place", "relative", "module"),
    [
        ("src/shop/till.py", "src/shop/money", True, ".money"),
        ("src/shop/till.py", "src/shop/money", False, "shop.money"),
        ("src/shop/web/new.py", "src/shop/money", True, "..money"),
        ("src/shop/web/new.py", "src/shop/web/page", True, ".page"),
        ("src/shop/web/new.py", "src/shop/web", True, "."),
        ("src/shop/web/new.py", "src/shop", True, ".."),
        ("src/shop/new.py", "src/shop/web", False, "shop.web"),
        ("tests/test_a.py", "src/shop/money", True, "shop.money"),  # outside of the package
        ("src/shop/plain/new.py", "src/shop/money", True, "shop.money"),  # a folder that is no package
        ("scripts/new.py", "scripts/tool", True, "tool"),
        ("src/shop/money.py", "src/shop/money", True, None),  # itself
        ("src/shop/__init__.py", "src/shop", False, None),
    ],
)
def test_a_module_of_python_is_named_from_its_package_or_with_dots(
    path: str, place: str, relative: bool, module: str | None
) -> None:
    assert python_module(PYTHON, path, place, relative=relative) == module


@pytest.mark.parametrize("path", ["src/shop/till.py", "src/shop/web/new.py", "tests/test_a.py"])
@pytest.mark.parametrize("target", ["src/shop/money.py", "src/shop/web/page.py", "src/shop/web/__init__.py"])
@pytest.mark.parametrize("relative", [True, False])
def test_what_is_written_leads_to_the_file_again(path: str, target: str, relative: bool) -> None:
    module = python_module(PYTHON, path, place_of_file(target), relative=relative)
    assert module is not None
    bare = module.lstrip(".")
    import_ = Import(bare, ("name",), 1, len(module) - len(bare))
    assert resolve(PYTHON, path, "python", import_)[0] == target
    if import_.level:
        assert place_of(path, "python", import_) == place_of_file(target)


@pytest.mark.parametrize(
    ("path", "place", "module"),
    [
        ("src/a.ts", "src/b", "./b"),
        ("a.ts", "b.js", "./b.js"),
        ("src/x/y/a.ts", "src/b", "../../b"),
        ("src/x/a.ts", "src", ".."),
        ("src/a.ts", "src/x/index", "./x/index"),
    ],
)
def test_a_path_of_typescript_is_written_from_its_folder(path: str, place: str, module: str) -> None:
    assert ecma_module(path, place) == module
    assert place_of(path, "typescript", Import(module, (), 1, 1)) == place


def test_what_is_not_relative_or_leaves_the_root_has_no_place() -> None:
    assert place_of("a.py", "python", Import("b", ("c",), 1)) is None
    assert place_of("a.py", "python", Import("b", ("c",), 1, 3)) is None
    assert place_of("a.ts", "typescript", Import("../../b", ("c",), 1, 3)) is None
