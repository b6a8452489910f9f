"""Text of files that rules keep here is found in a request and cut, by what it says and by what it is."""

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from config_files import PROVIDER, write

from assist_gateway.attribution import RestrictedFiles, attribute, refusal, without_spans
from assist_gateway.claims import claimed_in_call
from assist_gateway.clean_text_cache import CleanTextCache
from assist_gateway.dialects.json_places import JsonPlace
from assist_gateway.proxy.kept_texts import KeptTexts
from assist_gateway.restricted_fingerprints import MAX_EARLIER, MAX_NEWS, WorkspacePrints
from assist_server.config.config import load_lenient

RATES = """\
def negotiated_rate(customer, volume):
    if customer.tier == "gold" and volume > 12:
        return 0.37 * volume
    return 0.5


def margin_of(rate, cost):
    return (rate - cost) / rate
"""
HEADER = "# Copyright the Shop. All rights reserved.\n# See LICENSE for what you may do with it.\n\n"
FILES = {
    "app.py": HEADER + "def total(items):\n    return sum(item.price for item in items)\n",
    "src/payments/rates.py": HEADER + RATES,
    "infra/prod/main.tf": 'resource "aws_db_instance" "orders" {\n  allocated_storage = 4000\n}\n',
    ".env": "ORDERS_HOST=db17.internal.example\nORDERS_TOPIC=orders-eu-west\n",
    "notes/ideas.txt": "the launch is planned for the ninth of march\nand nobody outside knows that yet\n",
    ".gitignore": "notes/\n",
    "docs/settings.md": "# Settings\n\nWrite these into a file of your own:\n\n"
    '```sh title=".env"\nSHOP_DEBUG=on\nSHOP_HOST=local\nSHOP_PORT=9000\n```\n\nThen start the shop.\n',
}
RULES = """\
[escalation]
mode = "auto"
[egress]
deny = ["infra/prod/**"]
[data_class]
"src/payments/**" = "restricted"
"""
EU = PROVIDER.replace("openai", "eu").replace(
    '["public", "internal"]', '["public", "internal", "restricted"]'
)


@dataclass(frozen=True, slots=True)
class Shop:
    root: Path
    look: Callable[[str], RestrictedFiles]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return shop_in(tmp_path_factory.mktemp("shops"))


@pytest.fixture
def own_shop(tmp_path: Path) -> Shop:
    return shop_in(tmp_path)


def shop_in(folder: Path, most_earlier: int = MAX_EARLIER) -> Shop:
    root = folder / "shop"
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(root, "init", "-q")
    git(root, "add", "-f", ".")
    git(root, "rm", "-q", "--cached", "notes/ideas.txt", ".env")
    commit(root)
    (folder / "own").mkdir()
    config = load_lenient({**os.environ, **write(folder / "own", PROVIDER + EU + RULES)}, ())
    prints = WorkspacePrints([str(root)], b"a secret of this installation", most_earlier)
    return Shop(root, lambda provider: prints.restricted_for(config, provider))


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=root, check=True)


def commit(root: Path) -> None:
    git(root, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x")


def test_each_kind_of_restricted_file_is_found_by_its_lines_with_its_rule(shop: Shop) -> None:
    restricted = shop.look("openai")
    found = {}
    for content in FILES.values():
        text = f"Look:\n\n> {json.dumps(content)}\n\nWhat is this?"
        for span in attribute(text, (), restricted):
            found[span.path] = (span.rule, span.data_class)
    assert found == {
        "src/payments/rates.py": ("has the class restricted, which openai may not see", "restricted"),
        "infra/prod/main.tf": (f"never leaves: infra/prod/** is denied in {config_file(shop)}", ""),
        ".env": ("is on the built-in list of files that hold secrets", ""),
        "notes/ideas.txt": ("is excluded, because git ignores it", ""),
    }


def config_file(shop: Shop) -> Path:
    return shop.root.parent / "own" / "config.toml"


def test_a_class_goes_where_it_may_go(shop: Shop) -> None:
    assert attribute(RATES, (), shop.look("openai"))
    assert attribute(RATES, ["src/payments/rates.py"], shop.look("eu")) == ()


def test_matched_lines_are_replaced_by_one_that_names_file_and_rule(shop: Shop) -> None:
    text = f"Before.\n```python\n{RATES}```\nAfter."
    spans = attribute(text, (), shop.look("openai"))
    why = "src/payments/rates.py, which has the class restricted, which openai may not see"
    assert (
        without_spans(text, spans)
        == f"Before.\n```python\n[kept here by assist: 8 lines of {why}]\n```\nAfter."
    )
    assert refusal(spans) == f"the request contains text from {why}"
    assert without_spans(text, ()) == text


def test_a_cut_inside_of_escaped_json_leaves_json(shop: Shop) -> None:
    text = json.dumps({"output": f"Before.\n{RATES}After.", "code": 0})
    cut = json.loads(without_spans(text, attribute(text, (), shop.look("openai"))))
    assert cut["code"] == 0
    assert cut["output"].splitlines()[::2] == ["Before.", "After."]


def test_what_is_allowed_is_not_attributed(shop: Shop) -> None:
    restricted = shop.look("openai")
    for text in (FILES["app.py"], HEADER, "What does negotiated_rate return?", ""):
        assert attribute(text, ["app.py"], restricted) == ()


@pytest.mark.parametrize(
    "path",
    [
        "src/payments/rates.py", "./src/payments/rates.py", "payments/rates.py", "{root}/src/payments/rates.py",
        "src\\payments\\rates.py", "file://{root}/src/payments/rates.py", "src/payments/rates.py:3-9",
        "src/payments/new.py", "app/../src/payments/rates.py", ".env", "{root}/.env", "other/.env", "~/.ssh/id_rsa",
        "/home/other/.aws/credentials", "infra/prod/main.tf", "notes/ideas.txt", "notes/new.txt", "SRC/Payments/rates.py",
        "/workspace/src/payments/rates.py", "~/shop/src/payments/rates.py", "infra/prod/*",
    ],
)  # fmt: skip
def test_a_claim_forbids_all_of_a_text_whatever_it_says(shop: Shop, path: str) -> None:
    restricted = shop.look("openai")
    text = "a summary of something"
    (span,) = attribute(text, [path.format(root=shop.root)], restricted)
    assert (span.start, span.end) == (0, len(text))


@pytest.mark.parametrize(
    "path", ["app.py", "{root}/app.py", "new.py", "README.md", "src", "", "\0", "..", "/"]
)
def test_a_claim_allows_nothing_and_one_about_other_files_forbids_nothing(shop: Shop, path: str) -> None:
    restricted = shop.look("openai")
    path = path.format(root=shop.root)
    assert attribute("a summary of something", [path], restricted) == ()
    assert attribute(RATES, [path], restricted)
    assert attribute(".env", [".env"], restricted) == (), "the name itself is not a content"


def test_a_file_is_known_by_each_of_its_names(own_shop: Shop) -> None:
    denied = own_shop.root / "infra/prod/main.tf"
    os.link(denied, own_shop.root / "hard.txt")
    os.symlink(denied, own_shop.root / "soft.txt")
    os.symlink(own_shop.root, own_shop.root.parent / "alias")
    outside = own_shop.root.parent / "alias/infra/prod/main.tf"
    for path in ("hard.txt", "soft.txt", str(outside)):
        assert attribute("a summary of it", [path], own_shop.look("openai")), path


def test_lines_in_other_signs_and_encodings_are_the_same_lines(own_shop: Shop) -> None:
    (own_shop.root / "notes/latin.txt").write_bytes(
        "größe = fünfzig\nstraße = königsallee\n".encode("latin-1")
    )
    restricted = own_shop.look("openai")
    assert attribute("größe = fünfzig\nstraße = königsallee\n", (), restricted)
    wide = "".join(chr(ord(sign) + 0xFEE0) if sign.isalnum() else sign for sign in RATES)
    for text in (wide, RATES.replace("a", "a\u0301"), RATES.replace("e", "e\U000e0041"), json.dumps(wide)):
        assert without_spans(text, attribute(text, (), restricted)).count("kept here") == 1


def test_a_block_that_names_a_restricted_file_is_cut_and_the_rest_is_not(shop: Shop) -> None:
    text = "First.\n### src/payments/rates.py\n```py\nx = 1\n```\nThen `app.py`:\n```\ny = 2\n```\n"
    cut = without_spans(text, attribute(text, (), shop.look("openai")))
    assert "x = 1" not in cut
    assert cut.startswith("First.\n")
    assert cut.endswith("Then `app.py`:\n```\ny = 2\n```\n")


def test_of_a_named_file_single_lines_are_cut_in_all_of_the_text(shop: Shop) -> None:
    line = "def negotiated_rate(customer, volume):"
    named = "First.\n### src/payments/rates.py\n```py\nx = 1\n```\n"
    for text, is_cut in ((f"{named}web-1  | {line} # 7\nend", True), (f"web-1  | {line} # 7\nend", False)):
        cut = without_spans(text, attribute(text, (), shop.look("openai")))
        assert (line not in cut) == is_cut
        assert cut.endswith("\nend")


def test_lines_in_a_string_each_are_cut_by_what_another_string_of_the_message_says(shop: Shop) -> None:
    lines = [*RATES.splitlines()[:2], "What no file says, and no one asks.", "3: return (rate - cost) / rate"]
    holder = {"content": [{"type": "text", "text": line} for line in lines]}
    judge = partial(attribute, restricted=shop.look("openai"))
    kept = KeptTexts().cut([JsonPlace(holder, "content", holder["content"])], judge, "cut")
    assert [(part.path, part.lines) for part in kept] == [("src/payments/rates.py", 3)]
    left = [part["text"] for part in holder["content"]]
    assert left[2] == lines[2]
    assert [text.startswith("[kept here by assist: 1 line of ") for text in left] == [True, True, False, True]


def test_files_that_are_new_changed_or_newly_restricted_are_found_at_the_next_request(own_shop: Shop) -> None:
    first = own_shop.look("openai")
    assert own_shop.look("openai") is first, "nothing has changed"
    (own_shop.root / "new.py").write_text("def new():\n    return 1\n")
    assert own_shop.look("openai") is first, "a new file that is allowed changes nothing"
    added = "the second secret plan of this company\nis to sell the shop in the autumn\n"
    changed = "def changed_rate(customer):\n    return customer.history.discount() * 0.81\n"
    assert attribute(added + changed, (), first) == ()
    (own_shop.root / "notes" / "more.txt").write_text(added)
    (own_shop.root / "src/payments/rates.py").write_text(changed)
    second = own_shop.look("openai")
    assert {span.path for span in attribute(f"{added}\n\n{'x ' * 50}\n\n{changed}", (), second)} == {
        "notes/more.txt", "src/payments/rates.py",
    }  # fmt: skip
    assert attribute(RATES, (), second), "and what the last commit has of it"
    assert attribute(FILES["app.py"], (), second) == ()
    (own_shop.root / ".assistignore").write_text("app.py\n")
    assert attribute(FILES["app.py"].removeprefix(HEADER), (), own_shop.look("openai"))


def test_what_is_remembered_of_texts_changes_nothing_when_files_change(own_shop: Shop) -> None:
    plan = "the second secret plan of this company\nis to sell the shop in the autumn\n"
    texts = [
        plan,
        RATES,
        *FILES.values(),
        json.dumps(RATES),
        "See notes/more.txt, and:\n```app.py\nx = 1\n```\n",
    ]

    def write_file(path: str, text: str) -> None:
        (own_shop.root / path).write_text(text)

    def commit_file(path: str) -> None:
        git(own_shop.root, "add", path)
        commit(own_shop.root)

    def delete(path: str) -> None:
        (own_shop.root / path).unlink()

    steps: list[tuple[Callable[..., None], tuple[str, ...]]] = [
        (write_file, ("notes/more.txt", plan)),
        (write_file, (".env", plan + FILES["app.py"])),
        (write_file, ("src/payments/rates.py", "nothing = 0\n")),
        (write_file, ("copy.py", RATES)),
        (commit_file, ("copy.py",)),
        (delete, ("copy.py",)),
        (delete, (".env",)),
        (write_file, (".assistignore", "app.py\n")),
        (write_file, (".assistignore", "copy.py\n")),
    ]
    seen = set()
    for step, arguments in [(lambda: None, ()), *steps]:
        step(*arguments)
        known = own_shop.look("openai")
        fresh = replace(known, news=(), strange=CleanTextCache())
        for text in texts:
            found = attribute(text, ("app.py",), known)
            assert found == attribute(text, ("app.py",), fresh), (arguments, text)
            seen.add((text, bool(found)))
    assert {(plan, True), (plan, False), (RATES, True), (RATES, False)} <= seen


def test_what_is_known_of_changes_is_bounded(own_shop: Shop) -> None:
    counts = []
    for number in range(MAX_NEWS + 3):
        secret = (
            f"ORDERS_KEY_{number}=otter-{number * 7919}-elm\nORDERS_HOST_{number}=db{number * 31}.example\n"
        )
        (own_shop.root / ".env").write_text(secret)
        known = own_shop.look("openai")
        assert attribute(secret, (), known)
        assert not attribute("Nothing of a file is in these words, or in any others of them.", (), known)
        counts.append(len(known.news))
    assert (max(counts), counts[-1]) == (MAX_NEWS, 1)


def secret_of(number: int) -> str:
    return f"ORDERS_KEY_{number}=otter-{number * 7919}-elm\nORDERS_HOST_{number}=db{number * 31}.example\n"


@pytest.mark.parametrize(("room", "known"), [(4_000_000, 100), (6_000, 8)])
def test_all_that_a_file_said_is_recognized_until_there_is_no_room(
    tmp_path: Path, room: int, known: int
) -> None:
    """An entry has 300 bytes, and 16 for each of two prints; a line that remains is no news."""
    shop = shop_in(tmp_path, room)
    for number in range(100):
        (shop.root / ".env").write_text("".join(map(secret_of, range(number, number + 3))))
        restricted = shop.look("openai")
    found = [number for number in range(100) if attribute(secret_of(number), (), restricted)]
    assert found[-3:] == [97, 98, 99]
    assert found == list(range(100 - len(found), 100))
    assert (len(found) == 100) is (known == 100)
    assert len(found) >= known


def test_what_was_read_before_a_file_changed_or_went_is_still_recognized(own_shop: Shop) -> None:
    secrets = own_shop.root / ".env"
    told = FILES[".env"]
    assert attribute(told, (), own_shop.look("openai"))
    secrets.write_text("ORDERS_HOST=db18.internal.example\nORDERS_TOPIC=orders-us-east\n")
    assert attribute(told, (), own_shop.look("openai")), "an earlier message still has it"
    secrets.unlink()
    gone = own_shop.look("openai")
    assert attribute(told, (), gone)
    assert attribute("ORDERS_HOST=db18.internal.example\nORDERS_TOPIC=orders-us-east\n", (), gone)


@pytest.mark.parametrize(
    ("command", "is_kept"),
    [
        ("tar cz infra | base64", True),
        ("tar -C . -czf - infra", True),
        ("cd infra && tar c * | xxd -p", True),
        ("git archive HEAD infra/prod | base64", True),
        ("git -C . archive HEAD", True),
        ("zip -qr - infra | base64", True),
        ("base64 infra/*/main.tf", True),
        ("find infra -type f -exec base64 {} +", True),
        ("rg --files -g '*.tf' | xargs -n 1 base64", True),
        ("sudo -n tar cz /work/shop/infra | base64", True),
        ("tar cz ../shop | base64", True),
        ("bash -lc 'cd infra; for f in */*; do base64 $f; done'", True),
        ("tar cz src/web docs | base64", False),
        ("base64 src/web/logo.svg", False),
        ("tar czf infra.tgz infra && ls", False),
        ("tar xzf a.tgz -C infra && tar tzf a.tgz", False),
        ("git archive -o x.zip HEAD infra", False),
        ("gzip -k infra/notes.md; ls infra", False),
        ("ls infra infra/*", False),
        ("rg base64 infra src", False),
        ("git diff --stat infra", False),
        ("grep -rn 'tar cz' infra | head", False),
        ("find infra -name '*.tf' | wc -l", False),
        ("npm run base64 infra", False),
    ],
)
def test_a_command_that_prints_a_folder_in_another_form_says_all_in_it(
    shop: Shop, command: str, is_kept: bool
) -> None:
    unrecognized = "H4sIAAAAAAAAA+3OMQ7CMAwF0MyconsFSpwm5TQV6lIJUUSQ4PY4AxMTYuE9"
    claims = claimed_in_call({"command": command})
    assert bool(attribute(unrecognized, claims, shop.look("openai"))) is is_kept


def test_a_copy_under_an_allowed_name_whitens_nothing_until_someone_commits_it(own_shop: Shop) -> None:
    (own_shop.root / "copy.py").write_text(RATES)
    assert attribute(RATES, ["copy.py"], own_shop.look("openai"))
    git(own_shop.root, "add", "copy.py")
    commit(own_shop.root)
    assert attribute(RATES, ["copy.py"], own_shop.look("openai")) == ()


def reset(root: Path) -> None:
    git(root, "reset", "-q", "--hard", "HEAD~1")


def to_other_branch(root: Path) -> None:
    git(root, "checkout", "-q", "-b", "other", "HEAD~1")


def move_to_restricted(root: Path) -> None:
    git(root, "mv", "copy.py", "src/payments/copy.py")
    commit(root)


def change_the_copy(root: Path) -> None:
    (root / "copy.py").write_text("nothing = 0\n")
    git(root, "add", "copy.py")
    commit(root)


@pytest.mark.parametrize(
    "change", [reset, to_other_branch, move_to_restricted, change_the_copy], ids=lambda one: one.__name__
)
def test_what_no_allowed_file_has_at_the_last_commit_any_more_stays_again(
    own_shop: Shop, change: Callable[[Path], None]
) -> None:
    (own_shop.root / "copy.py").write_text(RATES)
    (own_shop.root / "other.py").write_text("def vat_of(price):\n    return price * 19 / 119\n")
    git(own_shop.root, "add", "copy.py", "other.py")
    commit(own_shop.root)
    before = own_shop.look("openai")
    assert attribute(RATES, (), before) == (), "an allowed file has it"
    change(own_shop.root)
    now = own_shop.look("openai")
    assert now is not before
    assert attribute(RATES, (), now)
    assert attribute(RATES, (), replace(now, strange=CleanTextCache()))
    assert not attribute(FILES["app.py"], (), now), "what allowed files still have is still theirs"


def test_an_allowed_row_of_words_that_is_no_longer_committed_whitens_no_line_in_it(own_shop: Shop) -> None:
    """None of the prints is an allowed file's, whose lines end elsewhere, before or after."""
    (own_shop.root / ".env").write_text("DESK_HOST=db17\nDESK_TOPIC=eu\n")
    text = "To start it you set\nDESK_HOST=db17\nDESK_TOPIC=eu\nand then you start the shop once more.\n"
    (own_shop.root / "page.md").write_text(text.replace("\n", " "))
    git(own_shop.root, "add", "page.md")
    commit(own_shop.root)
    assert attribute(text, (), own_shop.look("openai")) == ()
    reset(own_shop.root)
    assert attribute(text, (), own_shop.look("openai"))


def test_a_path_that_was_claimed_before_it_led_to_a_restricted_file_is_judged_again(own_shop: Shop) -> None:
    root = own_shop.root
    unrecognized = "H4sIAAAAAAAAA+3OMQ7CMAwF0MyconsFSpwm5TQV6lIJUUSQ4PY4AxMTYuE9"
    outside = root.parent / "link.py"
    claims = [str(outside), "link.py", "linked/rates.py", "app.py"]
    for claim in claims:
        before = own_shop.look("openai")
        assert not attribute(unrecognized, (claim,), before), claim
    assert own_shop.look("openai") is before, "what was judged is known as long as nothing changes"
    outside.symlink_to(root / "src/payments/rates.py")
    (root / "link.py").symlink_to("src/payments/rates.py")
    (root / "linked").symlink_to("src/payments")
    (root / "app.py").unlink()
    os.link(root / "src/payments/rates.py", root / "app.py")
    now = own_shop.look("openai")
    assert now is not before
    for claim in claims:
        assert attribute(unrecognized, (claim,), now), claim


def test_a_sample_of_settings_that_an_allowed_page_has_goes_but_not_one_with_other_values(shop: Shop) -> None:
    restricted = shop.look("openai")
    page = FILES["docs/settings.md"]
    assert attribute(page, (), restricted) == ()
    own = page.replace("9000", "9017").replace("local", "db17.internal")
    (span,) = attribute(own, (), restricted)
    assert (span.path, own[span.start : span.end].count("\n")) == (".env", 3)
    assert attribute(page, [".env"], restricted), "of a call whose result it is, everything stays"


def test_without_git_all_lines_of_restricted_files_count(tmp_path: Path) -> None:
    root = tmp_path / "plain"
    (root / "notes").mkdir(parents=True)
    (root / "notes" / "credentials.json").write_text(RATES)
    (root / "app.py").write_text(RATES)
    config = load_lenient({**os.environ, **write(tmp_path, PROVIDER + RULES)}, ())
    restricted = WorkspacePrints([str(root)], b"s").restricted_for(config, "openai")
    assert [span.path for span in attribute(RATES, (), restricted)] == ["notes/credentials.json"]


def test_two_files_with_only_a_name_between_them_are_both_told(shop: Shop) -> None:
    files = [(path, FILES[path]) for path in ("src/payments/rates.py", "infra/prod/main.tf")]
    for near in (files, files[::-1]):
        text = "".join(f"\n{Path(path).stem}\n```\n{text}```\n" for path, text in near)
        spans = attribute(text, (), shop.look("openai"))
        assert [span.path for span in spans] == [path for path, _ in near]
        left = without_spans(text, spans)
        assert "margin_of" not in left
        assert "aws_db_instance" not in left
