"""Each library of llama.cpp on this machine does the same with a tiny model."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_model

from assist_completion.inference.libraries import LibrarySource, child_command, library_sources, use
from assist_completion.inference.speed_probe import answering_load
from assist_completion.inference.speed_trial import SpeedTrial, measure
from assist_completion.model_store.engine import installed_engine
from assist_server.config.config import load_lenient
from assist_server.local_model.opening import engine_folder

PROGRAM = Path(__file__).with_name("library_program.py")
CODE = "def tab(x):\n    return 'ä'\n"


def present_libraries() -> list[LibrarySource]:
    found = installed_engine(engine_folder(load_lenient()))
    fetched = [LibrarySource("fetched", found[0].build, found[1])] if found else []
    return [*library_sources(), *fetched]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model.write(tmp_path_factory.mktemp("tiny") / "tiny.gguf")


@pytest.mark.parametrize("source", present_libraries(), ids=lambda source: source.origin)
def test_a_library_does_all_that_is_asked_of_it(source: LibrarySource, model: Path) -> None:
    told = json.dumps([("named", source.build, str(source.folder), str(source.backends or source.folder))])
    child = subprocess.run(
        [sys.executable, "-P", PROGRAM, told, model], capture_output=True, text=True, check=False
    )
    assert child.stderr == ""
    facts = json.loads(child.stdout)
    assert facts["build"] == source.build
    assert source.build.rpartition(" ")[2] in facts["layouts"]
    assert facts["text"] == CODE
    assert facts["tokens"][5] == 256, "the only merge of the vocabulary"
    assert facts["fim"] == [tiny_model.PRE, tiny_model.SUF, tiny_model.MID, tiny_model.SEP]
    assert facts["special"] == list(range(257, 262))
    assert (facts["size"], facts["finite"], facts["greedy"]) == (262, True, 34)
    assert (facts["rewound"], facts["snapshot"]) == (0.0, 0.0)
    assert facts["restored"] is True
    assert facts["split"] < 1e-4
    assert 0 < facts["old way"] < 0.1, "attention was computed in another way"
    assert facts["sequences"] < 1e-4
    assert facts["lengths"] == [facts["prompt"]] * 2
    assert facts["aborted"] is True
    assert facts["after abort"] == facts["prompt"] + 3
    assert facts["chat"] == "<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n"


REFUSED = """
import sys
from pathlib import Path
from assist_completion.errors import ModelError
from assist_completion.inference.libraries import LibrarySource, use
from assist_completion.inference.llama import Abort, Llama, Load
use(LibrarySource("named", sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
try:
    Llama(Load(Path(sys.argv[4]), 64), Abort())
except ModelError as error:
    print(error)
"""


@pytest.mark.parametrize("source", present_libraries(), ids=lambda source: source.origin)
def test_a_model_whose_state_cannot_be_cut_back_is_refused_with_the_reason(
    source: LibrarySource, tmp_path: Path
) -> None:
    model = tiny_model.write_recurrent(tmp_path / "recurrent.gguf")
    folders = (source.folder, source.backends or source.folder)
    child = subprocess.run(
        [sys.executable, "-P", "-c", REFUSED, source.build, *folders, model],
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.stderr == ""
    assert child.stdout.startswith(f"{model} is a recurrent or hybrid model: ")
    assert "read the whole prompt again after every key" in child.stdout


@pytest.mark.parametrize("arm", [False, True])
def test_flash_attention_is_left_out_only_where_it_was_tried(model: Path, arm: bool) -> None:
    speed = measure(SpeedTrial(str(model), 1), arm=arm)
    assert speed.prefill > 0
    assert speed.trained == 512
    assert speed.flash or arm
    assert answering_load(model, speed, 1).flash is speed.flash


def test_a_child_uses_the_libraries_of_its_parent() -> None:
    source = LibrarySource("named", "mine 1", Path("/nowhere/mine"))
    use(source)
    try:
        told = json.loads(child_command("some.module", "a")[4])
        assert library_sources()[0] == source
    finally:
        use()
    assert told == [["named", "mine 1", str(source.folder), str(source.folder)]]
