"""`assist models compare`: two models on lines of a repository, and one sentence."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import tiny_model
from command_runs import Assist, process_runner
from histories import make_history

SMALL = "qwen2.5-coder-0.5b"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("names", "code", "says"),
    [
        ((SMALL, SMALL), 2, "is named twice"),
        ((SMALL, "qwen2.5-coder-1.4b"), 1, f"run `assist models pull {SMALL}`"),
        (("qwen2.5-coder-1.4b", SMALL), 1, "did you mean qwen2.5-coder-1"),
    ],
)
def test_two_models_that_are_here_are_needed(
    assist: Assist, names: tuple[str, str], code: int, says: str
) -> None:
    done = assist("models", "compare", *names)
    assert done.code == code
    assert says in done.err


@pytest.mark.model
@pytest.mark.timeout(400)
def test_a_model_is_compared_with_one_that_knows_nothing(
    tmp_path: Path, environ: Mapping[str, str], model_path: Path
) -> None:
    shop = make_history(tmp_path / "shop", modules=4)
    tiny = tiny_model.write(tmp_path / "tiny.gguf")
    assist = process_runner(shop, environ)
    done = assist("models", "compare", str(model_path), str(tiny), "--lines", "8", "--minutes", "5", "--json")
    assert done.code == 0, done.err
    document = done.json
    known, unknown = document["models"]
    assert (known["model"], unknown["model"]) == (str(model_path), str(tiny))
    assert known["right"] > unknown["right"] == 0
    assert document["lines"] >= 5
    assert document["complete"]
    assert "lines for each model: about " in done.err
    assert document["sentence"].startswith(str(model_path))
    assert Path(document["report"]).is_file()

    again = assist("models", "compare", str(model_path), str(tiny), "--lines", "8", "--minutes", "5")
    assert again.out.splitlines()[0] == document["sentence"], "the answers were kept"
