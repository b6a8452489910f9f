"""Which pages are copies in other languages, which one a reader gets, and which language a text is in."""

import pytest

from assist_context.relations.translations import language_of_text, page_copies

FASTAPI_LIKE = [
    f"docs/{language}/docs/{page}.md"
    for language in ("de", "em", "en", "fr", "zh-hant")
    for page in ("index", "events", "proxy")
]


def left(paths: list[str], language: str) -> list[str]:
    return sorted(set(paths) - page_copies(paths).surplus(language))


@pytest.mark.parametrize(
    ("language", "folder"),
    [("en", "en"), ("", "en"), ("fr", "fr"), ("zh", "zh-hant"), ("ja", "en")],
)
def test_one_language_of_a_folder_for_each_is_left(language: str, folder: str) -> None:
    more = ["docs/en/docs/only_here.md", "README.md"]
    expected = [f"docs/{folder}/docs/{page}.md" for page in ("events", "index", "proxy")]
    assert left([*FASTAPI_LIKE, *more], language) == sorted(
        [*expected, "docs/en/docs/only_here.md", "README.md"]
    )


def test_a_folder_with_the_same_pages_is_a_copy_whatever_its_name() -> None:
    assert "docs/em/docs/events.md" in page_copies(FASTAPI_LIKE).surplus("en")
    other = [
        *FASTAPI_LIKE,
        "docs/internal/docs/index.md",
        "docs/internal/docs/a.md",
        "docs/internal/docs/b.md",
    ]
    assert not any("internal" in path for path in page_copies(other).surplus("en"))


@pytest.mark.parametrize(
    ("paths", "language", "expected"),
    [
        (["README.md", "README.zh.md", "README_ja.md"], "", ["README.md"]),
        (["README.md", "README.zh-CN.md"], "zh", ["README.zh-CN.md"]),
        (["README.md", "README_CN.md"], "zh", ["README_CN.md"]),
        (["a/index.en.html", "a/index.fr.html"], "de", ["a/index.en.html"]),
        (["docs/a.md", "docs/b.md", "docs/fr/a.md", "docs/fr/b.md"], "en", ["docs/a.md", "docs/b.md"]),
        (["docs/a.md", "docs/b.md", "docs/fr/a.md", "docs/fr/b.md"], "fr", ["docs/fr/a.md", "docs/fr/b.md"]),
        (
            [f"{lang}{n}.md" for lang in ("", "zh/") for n in range(8)]
            + [f"zh/only{n}.md" for n in range(9)],
            "en",
            [f"{n}.md" for n in range(8)] + [f"zh/only{n}.md" for n in range(9)],
        ),
        (["docs/a.md", "i18n/fr/plugin/current/a.md"], "en", ["docs/a.md"]),
        (["docs/index.md", "docs/id/index.md"], "en", ["docs/id/index.md", "docs/index.md"]),  # no language
        (["use-it.md", "no/a.md", "is/b.md"], "en", ["is/b.md", "no/a.md", "use-it.md"]),
        (["guide.py", "guide.fr.py"], "en", ["guide.fr.py", "guide.py"]),  # no pages
        (["docs/fr/only.md", "docs/en/other.md"], "en", ["docs/en/other.md", "docs/fr/only.md"]),
        ([], "en", []),
    ],
)
def test_which_copy_is_left(paths: list[str], language: str, expected: list[str]) -> None:
    assert left(paths, language) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Which page says how to run it behind a proxy?", "en"),
        ("Wie kann ich das hinter einem Proxy starten?", "de"),
        ("Comment est-ce que je peux lancer les tests ?", "fr"),
        ("¿Cómo puedo ejecutar las pruebas?", "es"),
        ("テストの実行方法は?", "ja"),
        ("如何运行测试?", "zh"),
        ("Как запустить тесты?", "ru"),
        ("테스트를 어떻게 실행합니까?", "ko"),
        ("parse_money", ""),
        ("", ""),
    ],
)
def test_the_language_of_a_text(text: str, expected: str) -> None:
    assert language_of_text(text) == expected
