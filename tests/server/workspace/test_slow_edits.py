"""Which edits are slow: told by the document's lines and the edits, whatever bytes they have."""

from assist_server.workspace.documents import Edit, OpenDocument


def _document(lines: list[str]) -> OpenDocument:
    return OpenDocument("file:///a.py", "/a.py", "python", 1, lines)


def test_keys_are_not_slow_and_much_work_in_few_bytes_is() -> None:
    many = _document(["x\n"] * 1_000_000)
    key = Edit("y", (500_000, 0), (500_000, 0))
    assert not many.is_slow([key] * 10)
    assert many.is_slow([key] * 600)
    assert many.is_slow([Edit("", (1, 0), (999_999, 0))])
    assert many.is_slow([Edit("", (2**31, 0), (0, 0))])  # its ends are outside of the document, and turned


def test_an_edit_in_a_very_long_line_is_slow() -> None:
    long = _document(["x\n", "y" * 20_000_000])
    assert long.is_slow([Edit("z", (1, 5), (1, 5))])
    assert not long.is_slow([Edit("z", (0, 0), (0, 1))])
    assert not long.is_slow([Edit("all")])
