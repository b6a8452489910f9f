"""A file has one name, however an editor spells it, and a rule that forbids holds for every spelling."""

import os
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from assist_context.files.path_names import native_path, path_below, real_path

# What Windows allows in names, with names that it reserves, long ones, and letters that fold in odd ways.
NAMES = st.text("abzAZ09 ._-+%äÄßİı\u0301", min_size=1, max_size=12).filter(lambda name: name.strip(". "))
RESERVED = st.sampled_from(["nul", "CON.txt", "aux", "com1.py", "x" * 255])
PARTS = st.lists(NAMES | RESERVED, min_size=1, max_size=30)
LETTERS = st.sampled_from("cdXZ")


@given(LETTERS, PARTS)
def test_each_way_to_write_a_drive_names_the_same_file(letter: str, parts: list[str]) -> None:
    expected = f"{letter.upper()}:\\" + "\\".join(parts)
    for drive in (letter.lower(), letter.upper()):
        for start in ("/", "", "\\", "\\\\?\\", "//?/", "\\\\.\\", "\\??\\"):
            for slash in ("/", "\\"):
                path = f"{start}{drive}:{slash}" + slash.join(parts)
                assert native_path(path, windows=True) == expected
    assert native_path(expected, windows=True) == expected


@given(PARTS)
def test_each_way_to_write_a_share_names_the_same_file(parts: list[str]) -> None:
    path = "\\".join(parts)
    expected = f"\\\\server\\share\\{path}"
    for start in ("\\\\", "//", "\\\\?\\UNC\\", "//?/unc/", "\\\\.\\UNC\\", "\\??\\UNC\\"):
        assert native_path(f"{start}server/share/{path}", windows=True) == expected


@given(PARTS)
def test_a_path_without_a_drive_is_left_alone(parts: list[str]) -> None:
    path = "/" + "/".join(parts)
    assert native_path(path, windows=False) == path


@given(PARTS, PARTS)
def test_a_folder_holds_a_file_in_every_spelling(above: list[str], parts: list[str]) -> None:
    folder = "/" + "/".join(above)
    path = "/".join(parts)
    for spelling in (folder, folder.upper(), folder.casefold(), folder + "/"):
        assert path_below(f"{folder}/{path}", spelling) == path
    assert path_below(folder, folder) is None
    assert path_below(f"{folder}s/{path}", folder) is None


def test_case_counts_where_a_rule_allows() -> None:
    assert path_below("/home/Shop/a.py", "/home/shop", fold=False) is None
    assert path_below("/home/shop/a.py", "/home/shop", fold=False) == "a.py"


def test_links_are_followed_and_a_missing_file_keeps_its_name(tmp_path: os.PathLike[str]) -> None:
    os.symlink(tmp_path, os.path.join(tmp_path, "link"))
    assert real_path(os.path.join(tmp_path, "link", "none.py")) == os.path.join(tmp_path, "none.py")
    assert quote("c:") == "c%3A"  # as editors write it in a URI
