"""Record what an agent sends over a session: a real agent, a scripted model on loopback, a real repository.

    uv run python benchmarks/record_session.py opencode|codex|claude REPOSITORY --out FOLDER
        [--turns 60] [--context 64000] [--agents FOLDER]

`--agents` is the `node_modules` into which npm installed `opencode-ai`, `@openai/codex` and
`@anthropic-ai/claude-code`; opencode uses a program `rg` in its `.bin`. FOLDER gets `session.jsonl`, one
request a line as the agent sent it after a line about the session, and the workspace: a copy of the clone
REPOSITORY with planted files, and all of its states. The model is at 127.0.0.1; what an agent asks elsewhere
by itself is not prevented, so run it without a network. `--context` is how many tokens the agent believes
that the model takes: fewer make it compact the conversation.
A recording holds the agent's prompts and the repository's text: do not commit it.
`benchmarks/gateway.py --session FOLDER/session.jsonl` replays it.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from bench.sessions.script import PER_PROMPT, plant, uses
from bench.sessions.scripted_provider import SessionScript, serve

PROMPTS = (
    "Read the deployment and the code around it, and tell what is missing. Change what is wrong.",
    "Go on: the rates of billing have to be looked at, too.",
    "Now run the tests and mend what fails.",
    "Look at the differences once more and tidy up.",
)


def opencode(prompt: str, number: int, url: str, context: int) -> tuple[list[str], dict[str, str]]:
    """The command for one prompt and its environment."""
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "options": {"baseURL": f"{url}/v1", "apiKey": "token"},
        "models": {"m": {"limit": {"context": context, "output": 4096}}},
    }
    config = {"model": "bench/m", "small_model": "bench/m", "provider": {"bench": provider},
              "autoupdate": False, "share": "disabled", "permission": {"*": "allow"}}  # fmt: skip
    again = ["--continue"] if number else []
    variables = {"OPENCODE_CONFIG_CONTENT": json.dumps(config), "OPENCODE_DISABLE_MODELS_FETCH": "1",
                 "OPENCODE_DISABLE_AUTOUPDATE": "1"}  # fmt: skip
    return ["opencode", "run", *again, prompt], variables


def codex(prompt: str, number: int, url: str, context: int) -> tuple[list[str], dict[str, str]]:
    settings = {
        "model": '"gpt-5.5"', "model_provider": '"bench"', "web_search": '"disabled"',
        "model_providers.bench": f'{{name="bench",base_url="{url}/v1",env_key="TOKEN",wire_api="responses"}}',
        "model_auto_compact_token_limit": str(context), "analytics.enabled": "false",
    }  # fmt: skip
    flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    again = ["resume", "--last"] if number else []
    command = ["codex", "exec", "--dangerously-bypass-approvals-and-sandbox", *flags, *again, prompt]
    return command, {"TOKEN": "token"}


def claude(prompt: str, number: int, url: str, context: int) -> tuple[list[str], dict[str, str]]:
    again = ["--continue"] if number else []
    command = ["claude", "--print", "--permission-mode", "acceptEdits", "--allowedTools",
               "Bash,Read,Edit,Write,Grep,Glob", "--model", "m", *again, "--", prompt]  # fmt: skip
    variables = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_AUTH_TOKEN": "token",
                 "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1",
                 "CLAUDE_CODE_AUTO_COMPACT_WINDOW": str(context)}  # fmt: skip
    return command, variables


AGENTS = {"opencode": opencode, "codex": codex, "claude": claude}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("agent", choices=AGENTS)
    parser.add_argument("repository", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--turns", type=int, default=60)
    parser.add_argument("--context", type=int, default=1_000_000)
    parser.add_argument("--agents", type=Path, default=Path("node_modules"))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    out = options.out.resolve()
    root = out / "workspace"
    shutil.rmtree(root, ignore_errors=True)
    home = out / "home"
    shutil.rmtree(home, ignore_errors=True)
    (home / ".codex").mkdir(parents=True)
    shutil.copytree(options.repository, root, symlinks=True)
    chance = random.Random(options.seed)
    planted = plant(root, chance)
    script = uses(root, planted, options.turns, chance)
    environment = {"HOME": str(home), "LANG": "C.UTF-8", "TERM": "dumb"}
    path = [str(options.agents.resolve() / ".bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
    with (out / "session.jsonl").open("w", encoding="utf-8") as file:
        about = {"agent": options.agent, "workspace": "workspace", "seed": options.seed, **asdict(planted)}
        file.write(json.dumps(about) + "\n")
        state = SessionScript(root, script, file)
        server = serve(state)
        url = f"http://127.0.0.1:{server.server_port}"
        for number in range(-(-options.turns // PER_PROMPT)):
            prompt = PROMPTS[number % len(PROMPTS)]
            command, variables = AGENTS[options.agent](prompt, number, url, options.context)
            environ = {**environment, "PATH": os.pathsep.join(path), **variables}
            done = subprocess.run(command, cwd=root, env=environ, capture_output=True, check=False, text=True,
                                  stdin=subprocess.DEVNULL)  # fmt: skip
            print(f"prompt {number}: {done.returncode}, {state.turn} turns", flush=True)
            if done.returncode:
                print(done.stderr[-2_000:], file=sys.stderr)
        server.shutdown()


if __name__ == "__main__":
    main()
