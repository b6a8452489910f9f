"""A config.toml for a test, and the environment that finds it."""

from pathlib import Path

PROVIDER = """
[providers.openai]
base_url = "https://models.example/v1"
api_key_env = "OPENAI_API_KEY"
model = "big"
residency = ["public", "internal"]
price = { input_usd_per_mtok = 1, output_usd_per_mtok = 4.5 }
"""


def write(folder: Path, text: str | bytes) -> dict[str, str]:
    """config.toml in `folder`, and the environment that finds it."""
    (folder / "config.toml").write_bytes(text.encode() if isinstance(text, str) else text)
    return environ(folder)


def environ(folder: Path) -> dict[str, str]:
    return {"ASSIST_CONFIG_DIR": str(folder), "ASSIST_DATA_DIR": str(folder / "data")}
