"""Which prompts may leave: origins of spans, denied files, data classes, and paths that try to escape."""

from dataclasses import replace
from pathlib import Path

import pytest
from policies import USER, allowed, layer, prompt, provider, stranger

from assist_escalation.policy.permissions import permissions
from assist_escalation.policy.verdict import Verdict, find_marks, judge, judge_tool_texts, resolve
from assist_escalation.prompts import Origin, Prompt, Span


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace with two files, and one that a link leads to."""
    root = tmp_path / "shop"
    for name in ("src/a.py", "src/pay/card.py", "infra/prod/main.tf"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    return root


def of_span(root: Path, origin: Origin, **said: object) -> Verdict:
    return judge(Prompt("ask", (Span("text", origin),)), allowed(root, stranger(**said)), "eu")


def test_an_ordinary_prompt_may_leave_and_has_its_classes(root: Path) -> None:
    verdict = judge(prompt(root, "src/a.py"), allowed(root), "eu")
    assert verdict == Verdict((), ("internal",))


def test_without_any_configuration_nothing_may_leave(root: Path) -> None:
    verdict = judge(prompt(root, "src/a.py"), permissions([], [str(root)]), "eu")
    assert not verdict.allowed
    assert "eu is not a provider that may be used here" in verdict.reasons


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"mode": "never"}, 'nothing may leave this machine: mode = "never"'),
        ({"always_local": ("explain",)}, "explain is one of always_local"),
        ({"allowed_providers": ("us",)}, "eu is not a provider that may be used here"),
        ({"allowed_providers": ()}, "eu is not a provider that may be used here"),
        ({"residency": ("public",)}, "eu may not see text of the class internal"),
        ({"residency": ()}, "eu may see no class of text: its residency is empty"),
        ({"deny": ("src/",)}, "src/a.py never leaves: src/ is denied in repository"),
        ({"data_class": {"src/**": "secret"}}, "eu may not see text of the class secret"),
        ({"default_class": "secret"}, "eu may not see text of the class secret"),
    ],
)
def test_each_restriction_keeps_it_and_says_so(root: Path, said: dict[str, object], reason: str) -> None:
    verdict = judge(prompt(root, "src/a.py"), allowed(root, stranger(**said)), "eu")
    assert not verdict.allowed
    assert reason in verdict.reasons


def test_what_libraries_say_has_a_class_of_its_own(root: Path) -> None:
    span = Span("get(url: str)", Origin("library"))
    verdict = of_span(root, span.origin)
    assert verdict.classes == ("library",)
    assert verdict.reasons == ("eu may not see text of the class library",)
    derived = Origin("answer", derived=(span.origin,))
    assert "eu may not see text of the class library" in of_span(root, derived).reasons
    seeing = replace(USER, providers={"eu": replace(provider(), residency=("internal", "library"))})
    both = Prompt("ask", (*prompt(root, "src/a.py").spans, span))
    assert judge(both, permissions([layer("user", seeing)], [str(root)]), "eu").allowed
    forbidding = stranger(residency=("internal",))
    assert not judge(both, permissions([layer("user", seeing), forbidding], [str(root)]), "eu").allowed


def test_an_earlier_answer_may_leave_only_where_all_that_it_derives_from_may(root: Path) -> None:
    sources = tuple(Origin("file", path, str(root), 1, 1) for path in ("src/a.py", "src/pay/card.py"))
    answer = Origin("answer", derived=sources)
    assert of_span(root, answer) == Verdict((), ("internal",))
    denied = of_span(root, answer, deny=("src/pay/",))
    assert denied.reasons == ("src/pay/card.py never leaves: src/pay/ is denied in repository",)
    assert "secret" in of_span(root, answer, data_class={"src/pay/**": "secret"}).classes
    assert not of_span(root, replace(answer, derived=(Origin("file", "../x", str(root)),))).allowed


def test_an_unknown_command_and_an_empty_prompt_stay(root: Path) -> None:
    assert not judge(prompt(root, command="complete"), allowed(root), "eu").allowed
    assert not judge(Prompt("ask", ()), allowed(root), "eu").allowed


@pytest.mark.parametrize(
    "origin",
    [
        Origin("web"),  # type: ignore[arg-type]
        Origin("file"),
        Origin("file", "src/a.py"),
        Origin("file", "", "ROOT"),
        Origin("file", "src/a.py", "shop"),
        Origin("user", "src/a.py"),
        Origin("editor", "src/a.py"),
        Origin("file", "src/a.py", "/elsewhere"),
        Origin("file", "src/a.py", "/"),
        Origin("", "", ""),  # type: ignore[arg-type]
        Origin("file", "a.py", "ROOT/src"),  # globs start only at the folder
        Origin("file", "ROOT/src/a.py", "ROOT"),
        Origin("file", "../shop/src/a.py", "ROOT"),
        Origin("file", "src/%2e%2e/src/a.py", "ROOT"),
        Origin("file", "src\\..\\src\\a.py", "ROOT"),
        Origin("file", "a\0b", "ROOT"),
        Origin("editor", "a\0.py", "ROOT"),
    ],
)
def test_a_text_of_unknown_origin_stays(root: Path, origin: Origin) -> None:
    path, folder = (text.replace("ROOT", str(root)) for text in (origin.path, origin.root))
    verdict = of_span(root, replace(origin, path=path, root=folder))
    assert not verdict.allowed
    assert len(verdict.reasons) == 1


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        "deploy/.ENV.production",
        ".git/config",
        "keys/id_rsa",
        "a/.aws/credentials",
        "%2Eenv",
        "%2\u200beENV",
        ".e\u00adnv::$DATA",
        ".\uff45nv",
        "x/.env./y",
    ],
)
@pytest.mark.parametrize("source", ["file", "editor", "user", "assist"])
def test_the_built_in_list_holds_for_every_source(root: Path, path: str, source: str) -> None:
    verdict = of_span(root, Origin(source, path, str(root)))  # type: ignore[arg-type]
    assert not verdict.allowed
    assert "is on the built-in list" in verdict.reasons[0]


@pytest.mark.parametrize(
    "path",
    [
        *(
            "infra/prod/main.tf",
            "INFRA/prod/main.tf",
            "./infra/prod/main.tf",
            "infra%2fprod/x",
            "infra\\prod\\x",
        ),
        *("src/../infra/prod/x", "src/%2e%2e/infra/prod/x", "src. ./... ./INFRA. ./PROD. ./X. ."),
    ],
)
def test_a_denied_file_stays_however_it_is_spelled(root: Path, path: str) -> None:
    assert not of_span(root, Origin("file", path, str(root)), deny=("infra/prod/**",)).allowed


def test_a_link_is_followed(root: Path, tmp_path: Path) -> None:
    (root / "notes.md").symlink_to(root / "infra/prod/main.tf")
    (root / "open").symlink_to(root / "infra", target_is_directory=True)
    (tmp_path / "outside.py").write_text("")
    (root / "out.py").symlink_to(tmp_path / "outside.py")
    (root / "loop").symlink_to(root / "loop")
    (root / ".env").write_text("")
    (root / "env.py").symlink_to(".env")
    deny = {"deny": ("infra/prod/**",)}
    secret = of_span(root, Origin("file", "notes.md", str(root)), data_class={"infra/**": "secret"})
    assert secret.reasons == ("eu may not see text of the class secret",)
    assert "built-in list" in of_span(root, Origin("editor", "env.py", str(root))).reasons[0]
    assert "denied" in of_span(root, Origin("file", "notes.md", str(root)), **deny).reasons[0]
    assert "denied" in of_span(root, Origin("file", "open/prod/main.tf", str(root)), **deny).reasons[0]
    assert of_span(root, Origin("file", "out.py", str(root))).reasons == ("out.py leads out of the folder",)
    assert "denied" in of_span(root, Origin("file", "loop", str(root)), deny=("loop",)).reasons[0]
    assert not of_span(root, Origin("file", "notes.md", str(root)), deny=("notes.md",)).allowed
    assert resolve(Origin("file", "notes.md", str(root))) == str(root / "infra/prod/main.tf")


def test_a_workspace_that_is_itself_a_link_is_the_same_workspace(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    said = stranger(deny=("infra/prod/**",))
    found = judge(prompt(tmp_path / "link", "infra/prod/main.tf"), allowed(root, said), "eu")
    assert found.reasons == ("infra/prod/main.tf never leaves: infra/prod/** is denied in repository",)
    assert judge(prompt(tmp_path / "link", "src/a.py"), allowed(root, said), "eu").allowed


def test_globs_start_where_their_file_stands(root: Path) -> None:
    above = replace(
        stranger(deny=("shop/src/**",), data_class={"shop/infra/**": "secret"}), base=str(root.parent)
    )
    rules = allowed(root, above)
    assert not judge(prompt(root, "src/a.py"), rules, "eu").allowed
    assert judge(prompt(root, "infra/prod/main.tf"), rules, "eu").classes == ("internal", "secret")
    elsewhere = replace(stranger(deny=("src/**",)), base=str(root.parent / "other"))
    assert judge(prompt(root, "src/a.py"), allowed(root, elsewhere), "eu").allowed


def test_a_file_has_all_classes_that_anybody_gives_it(root: Path) -> None:
    mine = replace(USER, data_class={"src/**": "public", "src/pay/**": "restricted"})
    rules = permissions([layer("user", mine), stranger(data_class={"*.py": "internal"})], [str(root)])
    assert judge(prompt(root, "src/pay/card.py"), rules, "eu").classes == ("internal", "public", "restricted")
    verdict = judge(prompt(root, "src/pay/card.py"), rules, "us")
    assert verdict.reasons == ("us may not see text of the class restricted",)
    assert judge(prompt(root, "src/a.py"), rules, "us").allowed


def test_calling_everything_public_takes_no_class_away(root: Path) -> None:
    only_public = replace(USER, providers={"eu": provider("public")})
    for author in ("repository", "organisation", "editor"):
        said = layer(author, stranger(data_class={"*": "public"}, default_class="public").settings)
        rules = permissions([layer("user", only_public), said], [str(root)])
        assert not judge(prompt(root, "src/a.py"), rules, "eu").allowed


def test_text_without_any_class_stays(root: Path) -> None:
    """The user's layer was left out."""
    rules = permissions([layer("organisation", replace(USER, default_class=""))], [str(root)])
    verdict = judge(prompt(root, "src/a.py"), rules, "eu")
    assert verdict.reasons == (
        "what was typed has no data class: set default_class",
        "src/a.py has no data class: set default_class",
    )


def test_our_own_words_have_no_class_but_need_a_provider_that_may_see_something(root: Path) -> None:
    words = Prompt("ask", (Span("Hello", Origin("assist")),))
    assert judge(words, allowed(root), "eu") == Verdict((), ())
    blind = permissions([layer("user", replace(USER, providers={"eu": provider()}))], [str(root)])
    assert not judge(words, blind, "eu").allowed


def test_reasons_move_no_cursor(root: Path) -> None:
    verdict = of_span(root, Origin("file", "\x1b]52;c;x\x07\u202e/.env", str(root)))
    assert not verdict.allowed
    assert all(reason.isprintable() for reason in verdict.reasons)


def test_a_verdict_says_which_rule_is_against_a_text_and_where_it_is_written(root: Path) -> None:
    mark = stranger(data_class={"src/pay/**": "restricted"}, default_class="secret")
    rules = allowed(root, layer("repository", mark.settings, ".assist.toml"))
    (restricted, secret) = judge(prompt(root, "src/pay/x.py"), rules, "us").objections
    assert (restricted.rule, restricted.detail) == ("data_class", "restricted")
    assert restricted.written == (("src/pay/**", ".assist.toml"),)
    assert secret.written == (("default_class", ".assist.toml"),)  # of the user's own words
    denied = judge(prompt(root, "infra/prod/main.tf"), allowed(root, stranger(deny=("infra/**",))), "eu")
    assert [(found.rule, found.detail, found.written) for found in denied.objections] == [
        ("deny", "infra/**", (("infra/**", "repository"),))
    ]
    (listed,) = judge(prompt(root, ".env"), allowed(root), "eu").objections
    assert (listed.rule, listed.detail, listed.written) == ("built-in", ".env*", ())
    assert find_marks(prompt(root, "src/a.py").spans[2], allowed(root)) == {
        "internal": (("default_class", "user"),)
    }


def test_what_a_tool_sends_is_judged_without_a_question_for_each(tmp_path: Path) -> None:
    made = Span("x", Origin("user"))
    asks = allowed(tmp_path, stranger(mode="ask"))
    name = next(iter(asks.providers))
    assert judge_tool_texts((made,), asks, name).allowed
    no_yes = allowed(tmp_path, stranger(mode="ask", yes_allowed=False))
    assert "a tool cannot" in judge_tool_texts((made,), no_yes, name).reasons[0]
    never = allowed(tmp_path, stranger(mode="never"))
    assert not judge_tool_texts((made,), never, name).allowed


def test_a_provider_of_another_dialect_is_for_tools_alone(tmp_path: Path) -> None:
    rules = allowed(tmp_path)
    name, known = next(iter(rules.providers.items()))
    rules = replace(rules, providers={name: replace(known, dialect="messages")})
    assert "only for other tools" in judge(prompt(tmp_path), rules, name).reasons[0]
    assert judge_tool_texts((Span("x", Origin("user")),), rules, name).allowed
