"""Which files an import means: a table for each language, each over one small workspace."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rounds import rounds

from assist_context.code.imports import Import
from assist_context.code.symbols import symbols
from assist_context.languages import LANGUAGES, language_of
from assist_context.relations import path_index
from assist_context.relations.import_resolution import MAX_FILES, resolve
from assist_context.relations.path_index import MANY, make_path_index

PYTHON = """
src/shop/__init__.py src/shop/cart.py src/shop/tax/__init__.py src/shop/tax/rates.py src/shop/json.py src/shop/both.py src/shop/both/__init__.py
src/shop/fast.py src/shop/fast.pyi src/shop/native.pyi
tests/__init__.py tests/helpers.py tests/test_cart.py
scripts/release.py scripts/words.py
cloud/storage/client.py cloud/storage/deep/blob.py
libs/pay/pay/__init__.py libs/pay/pay/card.py libs/pay/tests/test_card.py libs/pay/tests/tools.py
libs/mail/mail/__init__.py libs/mail/tests/tools.py
"""
ECMA = """
src/app.ts src/cart.ts src/cart.css src/ui/index.tsx src/ui/button.tsx src/ui/types.d.ts src/old.js src/twice.js src/twice.ts src/data.json
src/components/Card.vue lib/tool.mjs src/lib/money.ts a.b.ts tsconfig.json
packages/core/package.json packages/core/src/index.ts packages/core/src/math.ts packages/web/package.json packages/web/main.js
one/same/package.json one/same/index.js two/same/package.json two/same/index.js node_modules/react/package.json node_modules/react/index.js
"""
GO = """
go.mod main.go main_test.go internal/store/store.go internal/store/sql.go internal/store/store_test.go json/own.go
tools/go.mod tools/gen/gen.go vendor/github.com/x/y/y.go deep/down/store/other.go
"""
JVM = """
app/src/main/java/org/shop/Cart.java app/src/main/java/org/shop/tax/Rates.java app/src/main/java/org/shop/tax/Table.kt app/src/main/java/org/shop/tax/notes.txt
app/src/test/java/org/shop/CartTest.java lib/src/main/java/org/shop/Cart.java lib/src/main/java/org/shop/Main.java kotlin/net/Client.kt kotlin/Main.kt
"""
RUST = """
Cargo.toml src/lib.rs src/span.rs src/lex/mod.rs src/lex/scan.rs src/parse.rs src/parse/expr.rs src/bin/tool.rs tests/end.rs tests/common/mod.rs
crates/my-util/Cargo.toml crates/my-util/src/lib.rs crates/my-util/src/text.rs
"""
C = """
src/ring.c src/ring.h src/util/log.h include/ring/api.h include/string.h src/impl/types.h compat/stdio.h src/notes.txt third/impl/types.h
"""
RUBY = "lib/shop.rb lib/shop/cart.rb spec/spec_helper.rb spec/shop/cart_spec.rb vendor/json.rb app/models/user.rb"
PHP = "app/Models/User.php app/Base.php src/Support/Clock.php lib/Clock.php bootstrap.php config/app.php public/index.php"
LUA = "lua/app/init.lua lua/app/util.lua main.lua one/words.lua two/words.lua"
OTHER = "css/site.css css/base.css bin/run.sh bin/common.sh index.html js/app.js A/B.cs styles/_x.scss"

# files, the importing file, module, names, level, the answer
ROWS = [
    (PYTHON, "tests/test_cart.py", "shop.cart", ("Cart",), 0, "src/shop/cart.py"),
    (PYTHON, "tests/test_cart.py", "shop", ("cart",), 0, "src/shop/cart.py src/shop/__init__.py"),
    (PYTHON, "tests/test_cart.py", "shop", ("Cart",), 0, "src/shop/__init__.py"),
    (PYTHON, "tests/test_cart.py", "shop", (), 0, "src/shop/__init__.py"),
    (PYTHON, "tests/test_cart.py", "shop", ("*",), 0, "src/shop/__init__.py"),
    (PYTHON, "tests/test_cart.py", "shop", ("cart", "tax"), 0, "src/shop/cart.py src/shop/tax/__init__.py src/shop/__init__.py"),
    (PYTHON, "tests/test_cart.py", "shop.both", ("x",), 0, "src/shop/both/__init__.py"),  # like Python, which finds the package first
    (PYTHON, "tests/test_cart.py", "shop.fast", ("x",), 0, "src/shop/fast.py src/shop/fast.pyi"),
    (PYTHON, "tests/test_cart.py", "shop.native", (), 0, "src/shop/native.pyi"),
    (PYTHON, "tests/test_cart.py", "shop.gone", ("x",), 0, ""),
    (PYTHON, "tests/test_cart.py", "tests.helpers", ("x",), 0, "tests/helpers.py"),
    (PYTHON, "tests/test_cart.py", "helpers", ("x",), 0, ""),  # inside a package, only its full name is imported
    (PYTHON, "src/shop/cart.py", "json", ("loads",), 0, ""),  # from the standard library
    (PYTHON, "src/shop/cart.py", "", ("json",), 1, "src/shop/json.py src/shop/__init__.py"),
    (PYTHON, "src/shop/cart.py", "tax.rates", ("Rate",), 1, "src/shop/tax/rates.py"),
    (PYTHON, "src/shop/tax/rates.py", "cart", ("Cart",), 2, "src/shop/cart.py"),
    (PYTHON, "src/shop/tax/rates.py", "", ("cart",), 2, "src/shop/cart.py src/shop/__init__.py"),
    (PYTHON, "src/shop/__init__.py", "", ("cart",), 1, "src/shop/cart.py"),  # never the file itself
    (PYTHON, "src/shop/cart.py", "x", ("y",), 9, ""),
    (PYTHON, "src/shop/cart.py", "numpy", ("array",), 0, ""),
    (PYTHON, "src/shop/cart.py", "", (), 0, ""),
    (PYTHON, "scripts/release.py", "words", (), 0, "scripts/words.py"),
    (PYTHON, "src/shop/cart.py", "words", (), 0, "scripts/words.py"),  # the only one with this name
    (PYTHON, "src/shop/cart.py", "tools", (), 0, ""),  # two, both far away
    (PYTHON, "libs/pay/tests/test_card.py", "tools", (), 0, "libs/pay/tests/tools.py"),
    (PYTHON, "libs/pay/tests/test_card.py", "pay.card", ("Card",), 0, "libs/pay/pay/card.py"),
    (PYTHON, "src/shop/cart.py", "mail", ("send",), 0, "libs/mail/mail/__init__.py"),
    (PYTHON, "src/shop/cart.py", "cloud.storage", ("client", "Bucket"), 0, "cloud/storage/client.py"),  # a namespace
    (PYTHON, "src/shop/cart.py", "cloud.storage.deep.blob", (), 0, "cloud/storage/deep/blob.py"),
    (ECMA, "src/app.ts", "./cart", ("a",), 1, "src/cart.ts"),
    (ECMA, "src/app.ts", "./cart.js", ("a",), 1, "src/cart.ts"),  # .js in place of .ts
    (ECMA, "src/app.ts", "./twice.js", ("a",), 1, "src/twice.ts"),
    (ECMA, "src/app.ts", "./twice", ("a",), 1, "src/twice.ts"),
    (ECMA, "src/app.ts", "./old.js", ("a",), 1, "src/old.js"),
    (ECMA, "src/app.ts", "./cart.css", (), 1, "src/cart.css"),
    (ECMA, "src/app.ts", "./cart.css?inline", (), 1, "src/cart.css"),
    (ECMA, "src/app.ts", "./ui", ("Button",), 1, "src/ui/index.tsx"),
    (ECMA, "src/ui/button.tsx", ".", ("x",), 1, "src/ui/index.tsx"),
    (ECMA, "src/ui/button.tsx", "./types", ("x",), 1, "src/ui/types.d.ts"),
    (ECMA, "src/ui/button.tsx", "..", ("x",), 2, ""),
    (ECMA, "src/ui/button.tsx", "../data.json", ("x",), 2, "src/data.json"),
    (ECMA, "src/app.ts", "../a.b", ("x",), 2, "a.b.ts"),
    (ECMA, "src/app.ts", "../../../x", ("x",), 2, ""),
    (ECMA, "src/app.ts", "@/ui/button", ("B",), 0, "src/ui/button.tsx"),
    (ECMA, "src/app.ts", "@/ui", ("B",), 0, "src/ui/index.tsx"),
    (ECMA, "src/app.ts", "~/cart.js", ("B",), 0, "src/cart.ts"),
    (ECMA, "src/app.ts", "$lib/money", ("B",), 0, "src/lib/money.ts"),
    (ECMA, "src/app.ts", "@components/Card.vue", ("B",), 0, "src/components/Card.vue"),
    (ECMA, "src/app.ts", "ui/button", ("B",), 0, "src/ui/button.tsx"),
    (ECMA, "src/app.ts", "@shop/core", ("B",), 0, "packages/core/src/index.ts"),
    (ECMA, "src/app.ts", "@shop/core/math", ("B",), 0, "packages/core/src/math.ts"),
    (ECMA, "src/app.ts", "web", ("B",), 0, "packages/web/main.js"),
    (ECMA, "src/app.ts", "same", ("B",), 0, ""),  # two packages with this name
    (ECMA, "src/app.ts", "react", ("B",), 0, ""),
    (ECMA, "src/app.ts", "cart", ("B",), 0, ""),  # a bare word is a package
    (ECMA, "src/app.ts", "node:fs", ("B",), 0, ""),
    (ECMA, "src/app.ts", "https://x.example/cart.js", (), 0, ""),
    (ECMA, "src/app.ts", "@/", (), 0, ""),
    (ECMA, "src/app.ts", "@", (), 0, ""),
    (GO, "main.go", "example.com/app/internal/store", (), 0, "internal/store/sql.go internal/store/store.go"),
    (GO, "main.go", "github.com/me/app/internal/store", (), 0, "internal/store/sql.go internal/store/store.go"),
    (GO, "main.go", "app/internal/store", (), 0, "internal/store/sql.go internal/store/store.go"),
    (GO, "main.go", "github.com/x/y", (), 0, "vendor/github.com/x/y/y.go"),
    (GO, "main.go", "example.com/app/tools/gen", (), 0, "tools/gen/gen.go"),
    (GO, "tools/gen/gen.go", "example.com/tools/gen", (), 0, ""),  # the file itself
    (GO, "main.go", "encoding/json", (), 0, ""),
    (GO, "main.go", "fmt", (), 0, ""),
    (GO, "main.go", "github.com/pkg/json", (), 0, ""),  # a repository has three parts
    (GO, "main.go", "example.com/app", (), 0, ""),
    (JVM, "app/src/test/java/org/shop/CartTest.java", "org.shop", ("Cart",), 0, "app/src/main/java/org/shop/Cart.java"),
    (JVM, "lib/src/main/java/org/shop/Main.java", "org.shop", ("Cart",), 0, "lib/src/main/java/org/shop/Cart.java"),
    (JVM, "app/src/test/java/org/shop/CartTest.java", "org.shop.Cart", ("total",), 0, "app/src/main/java/org/shop/Cart.java"),
    (JVM, "app/src/test/java/org/shop/CartTest.java", "org.shop.Cart", ("*",), 0, "app/src/main/java/org/shop/Cart.java"),
    (JVM, "app/src/test/java/org/shop/CartTest.java", "org.shop.tax", ("*",), 0, "app/src/main/java/org/shop/tax/Rates.java app/src/main/java/org/shop/tax/Table.kt"),
    (JVM, "kotlin/Main.kt", "org.shop.tax", ("Rates",), 0, "app/src/main/java/org/shop/tax/Rates.java"),
    (JVM, "kotlin/Main.kt", "org.shop.net", ("Client",), 0, "kotlin/net/Client.kt"),  # folders shared by all are omitted
    (JVM, "app/src/main/java/org/shop/Cart.java", "org.shop.net", ("Client",), 0, ""),
    (JVM, "app/src/main/java/org/shop/Cart.java", "java.util", ("List",), 0, ""),
    (JVM, "app/src/main/java/org/shop/Cart.java", "java.util", ("*",), 0, ""),
    (RUST, "src/lib.rs", "span", (), 1, "src/span.rs"),
    (RUST, "src/lib.rs", "lex", (), 1, "src/lex/mod.rs"),
    (RUST, "src/lex/mod.rs", "scan", (), 1, "src/lex/scan.rs"),
    (RUST, "src/parse.rs", "expr", (), 1, "src/parse/expr.rs"),
    (RUST, "tests/end.rs", "common", (), 1, "tests/common/mod.rs"),
    (RUST, "src/parse/expr.rs", "crate::span", ("Span",), 0, "src/span.rs"),
    (RUST, "src/parse/expr.rs", "crate::lex", ("scan", "Token"), 0, "src/lex/scan.rs src/lex/mod.rs"),
    (RUST, "src/parse/expr.rs", "crate::lex::scan::Kind", ("A", "B"), 0, "src/lex/scan.rs"),
    (RUST, "src/parse/expr.rs", "crate", ("Error",), 0, "src/lib.rs"),
    (RUST, "src/parse/expr.rs", "super", ("Parser",), 2, "src/parse.rs"),
    (RUST, "src/parse/expr.rs", "super::super::span", ("Span",), 3, "src/span.rs"),
    (RUST, "src/parse/expr.rs", "super::super", ("Error",), 3, "src/lib.rs"),
    (RUST, "src/parse/expr.rs", "super", ("*",), 2, ""),  # the test module at the end of every file
    (RUST, "src/parse.rs", "self::expr", ("Expr",), 1, "src/parse/expr.rs"),
    (RUST, "src/lib.rs", "lex::scan", ("Kind",), 0, "src/lex/scan.rs"),
    (RUST, "src/lib.rs", "my_util::text", ("trim",), 0, "crates/my-util/src/text.rs"),
    (RUST, "src/lib.rs", "my_util", ("trim",), 0, "crates/my-util/src/lib.rs"),
    (RUST, "src/lib.rs", "std::collections", ("HashMap",), 0, ""),
    (RUST, "src/lib.rs", "serde", ("Serialize",), 0, ""),
    (RUST, "src/lib.rs", "super::super::super::x", ("y",), 4, ""),
    (C, "src/ring.c", "ring.h", (), 1, "src/ring.h"),
    (C, "src/ring.c", "util/log.h", (), 1, "src/util/log.h"),
    (C, "src/util/log.h", "../ring.h", (), 2, "src/ring.h"),
    (C, "src/ring.c", "ring/api.h", (), 0, "include/ring/api.h"),
    (C, "src/ring.c", "log.h", (), 1, "src/util/log.h"),  # a folder that the compiler may search
    (C, "src/ring.c", "impl/types.h", (), 0, "src/impl/types.h"),  # the nearer of two
    (C, "src/ring.c", "string.h", (), 0, "include/string.h"),
    (C, "src/ring.c", "stdio.h", (), 0, ""),
    (C, "src/ring.c", "../../../etc/passwd", (), 3, ""),
    (RUBY, "spec/shop/cart_spec.rb", "shop/cart", (), 0, "lib/shop/cart.rb"),
    (RUBY, "spec/shop/cart_spec.rb", "spec_helper", (), 0, "spec/spec_helper.rb"),
    (RUBY, "spec/shop/cart_spec.rb", "../../lib/shop", (), 3, "lib/shop.rb"),
    (RUBY, "lib/shop.rb", "shop/cart.rb", (), 1, "lib/shop/cart.rb"),
    (RUBY, "lib/shop.rb", "user", (), 0, "app/models/user.rb"),
    (RUBY, "lib/shop.rb", "json", (), 0, ""),
    (PHP, "src/Support/Clock.php", "App\\Models", ("User",), 0, "app/Models/User.php"),
    (PHP, "src/Support/Clock.php", "App", ("Base",), 0, "app/Base.php"),
    (PHP, "app/Base.php", "Acme\\Support", ("Clock",), 0, "src/Support/Clock.php"),
    (PHP, "app/Base.php", "Psr", ("Clock",), 0, ""),  # two files with the name, neither in a matching folder
    (PHP, "app/Base.php", "Psr\\Container", ("ContainerInterface",), 0, ""),
    (PHP, "public/index.php", "../bootstrap.php", (), 2, "bootstrap.php"),
    (PHP, "public/index.php", "config/app.php", (), 1, "config/app.php"),
    (LUA, "main.lua", "app.util", (), 0, "lua/app/util.lua"),
    (LUA, "main.lua", "app", (), 0, "lua/app/init.lua"),
    (LUA, "main.lua", "words", (), 0, ""),
    (LUA, "one/x.lua", "words", (), 0, "one/words.lua"),
    (LUA, "main.lua", "socket", (), 0, ""),
    (OTHER, "css/site.css", "base.css", (), 1, "css/base.css"),
    (OTHER, "bin/run.sh", "common.sh", (), 1, "bin/common.sh"),
    (OTHER, "index.html", "js/app.js", (), 1, "js/app.js"),
    (OTHER, "index.html", "https://x.example/js/app.js", (), 0, ""),
    (OTHER, "A/C.cs", "A.B", (), 0, ""),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[1]}: {'.' * row[4]}{row[2]} {','.join(row[3])}")
def test_an_import_means(row: tuple[str, str, str, tuple[str, ...], int, str]) -> None:
    paths, path, module, names, level, wanted = row
    found = resolve(
        make_path_index(paths.split()), path, language_of(path).name, Import(module, names, 1, level)
    )
    assert found == tuple(wanted.split())


def test_what_the_parser_reads_is_what_resolves() -> None:
    path, text = (
        "src/shop/tax/rates.py",
        "from .. import cart\nfrom ..tax import rates\nimport shop.json, os\n",
    )
    files = make_path_index(PYTHON.split())
    language = language_of(path)
    found = [resolve(files, path, language.name, each) for each in symbols(language, text).imports]
    assert found == [
        ("src/shop/cart.py", "src/shop/__init__.py"),
        ("src/shop/tax/__init__.py",),
        ("src/shop/json.py",),
        (),
    ]


def test_a_large_package_is_capped() -> None:
    files = make_path_index(["go.mod", "main.go", *(f"big/f{number:03}.go" for number in range(100))])
    found = resolve(files, "main.go", "go", Import("example.com/app/big", (), 1))
    assert found == tuple(f"big/f{number:03}.go" for number in range(MAX_FILES))


def test_of_many_alike_only_one_above_is_meant() -> None:
    files = make_path_index([f"p{number}/utils.py" for number in range(MANY + 1)])
    assert resolve(files, "p7/main.py", "python", Import("utils", (), 1)) == ("p7/utils.py",)
    assert resolve(files, "q/main.py", "python", Import("utils", (), 1)) == ()


def test_without_files_nothing_is_meant() -> None:
    assert resolve(make_path_index([]), "a.py", "python", Import("b", ("c",), 1)) == ()


def test_odd_names_are_found_as_they_are() -> None:
    odd = [
        "a\nb/c d.py",
        "é/ö.py",
        "\udcff/x.py",
        ".hidden",
        "a/.env",
        "dots.in.name.py",
        "noext",
        "a/",
        "b..py",
    ]
    files = make_path_index(odd)
    assert sorted(files.paths) == sorted(odd)
    assert path_index.find_by_tail(files, "c d", (".py",), "z") == ["a\nb/c d.py"]
    assert path_index.find_by_tail(files, "\udcff/x", (".py",), "z") == ["\udcff/x.py"]
    assert path_index.find_by_tail(files, "dots.in.name", (".py",), "z") == ["dots.in.name.py"]
    assert path_index.find_by_tail(files, ".hidden", ("",), "z") == [".hidden"]
    assert path_index.find_by_tail(files, "noext", ("",), "z") == ["noext"]


NAME = st.sampled_from(
    ["a", "b", "src", "lib", "index", "__init__", "mod", "main", "A", "é", " ", ".", "..", "crate", "super", "\0", "\udcff", "", "*"]
)  # fmt: skip
SUFFIX = st.sampled_from(["", *(suffix for language in LANGUAGES for suffix in language.suffixes), "/go.mod"])
PATH = st.builds(
    lambda parts, suffix: "/".join(parts) + suffix, st.lists(NAME, min_size=1, max_size=4), SUFFIX
)
MODULE = st.builds(
    lambda head, parts, glue: head + glue.join(parts),
    st.sampled_from(["", "./", "../", "@/", "@", "::", "crate::", "super::", "\\", "/", "example.com/"]),
    st.lists(NAME, max_size=5),
    st.sampled_from([".", "/", "::", "\\"]),
)


@settings(max_examples=rounds(300))
@given(
    st.lists(PATH, max_size=12), PATH, st.sampled_from(LANGUAGES), MODULE, st.lists(NAME, max_size=3), st.integers(0, 6)
)  # fmt: skip
def test_any_import_gives_live_files_alone(paths, path, language, module, names, level) -> None:
    files = make_path_index([*paths, path])
    found = resolve(files, path, language.name, Import(module, tuple(names), 1, level))
    assert set(found) <= files.paths - {path}
    assert len(set(found)) == len(found) <= MAX_FILES


@settings(max_examples=rounds(200))
@given(st.lists(PATH, max_size=12), st.lists(NAME, min_size=1, max_size=3), SUFFIX)
def test_a_tail_finds_what_a_scan_finds(paths, parts, suffix) -> None:
    tail = "/".join(parts)
    files = make_path_index(path.replace("\0", "0") for path in paths)
    wanted = [each for each in files.paths if f"/{each}".endswith(f"/{tail}{suffix}")]
    found = path_index.find_by_tail(files, tail, (suffix,), "")
    assert set(found) <= set(wanted)
    if suffix.count(".") == 1 and "/" not in suffix and parts[-1]:
        assert set(found) == set(wanted)
