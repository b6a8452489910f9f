"""The header of a results file: what it contains, what it must not contain, and that the file can be read."""

import doctest
import hashlib
import importlib
import json
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import provenance

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner, max_size=5),
    max_leaves=30,
)


@given(JSON)
def test_what_is_laid_out_can_be_read_again(value: object) -> None:
    assert json.loads(provenance.layout(value)) == value


def test_a_header_names_no_person_no_host_and_no_folder(tmp_path: Path) -> None:
    model = tmp_path / "small.gguf"
    model.write_bytes(b"weights")
    header = provenance.provenance(model)
    assert header["model"] == {"file": "small.gguf", "sha256": hashlib.sha256(b"weights").hexdigest()}
    text = json.dumps(header)
    for secret in (str(tmp_path), str(Path.home()), socket.gethostname(), str(provenance.ROOT)):
        assert secret not in text
    assert header["machine"]["cores"] >= 1
    assert header["llama.cpp"]["build"][-1].isdigit()


def test_a_results_file_has_a_record_a_line(tmp_path: Path) -> None:
    path = tmp_path / "results" / "out.json"
    body = {"rows": [[number, "x" * 40] for number in range(9)]}
    provenance.write(path, {"date": "today"}, body)
    text = path.read_text(encoding="utf-8")
    assert json.loads(text) == {"provenance": {"date": "today"}, **body}
    assert len(text.splitlines()) > 9


@pytest.mark.parametrize("name", ["bench.infilling.variants", "bench.provenance"])
def test_examples_in_docstrings(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
