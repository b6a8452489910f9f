"""Tools of other people in a session through the gateway: three files are read, one of them is edited.

None of them asks any other server: what counts use or looks for newer versions is switched off.
"""

import json
from typing import Any

import anthropic
import openai
import pytest
from agent_desk import FILES, MODELS, WISH, AgentDesk
from planned_provider import Call
from tool_programs import aider, codex, llm, opencode

pytestmark = [pytest.mark.model, pytest.mark.timeout(300)]

EDIT = {"path": "settings.py", "old_string": 'password = "<secret>"', "new_string": 'PASSWORD = "<secret>"'}
SCHEMA = {"type": "object", "properties": {name: {"type": "string"} for name in EDIT}}
DONE = "Renamed."
CODEX = """
model = "{model}"
model_provider = "assist"
web_search = "disabled"
check_for_update_on_startup = false
[analytics]
enabled = false
[features]
plugins = false
apps = false
[model_providers.assist]
name = "assist"
base_url = "{url}/v1"
env_key = "ASSIST_TOKEN"
wire_api = "responses"
request_max_retries = 0
"""


def reads(tool: str, argument: str) -> list[Call]:
    return [Call(tool, {argument: path}) for path in FILES]


def use(desk: AgentDesk, tool: str, arguments: dict[str, str]) -> str:
    """What the tools of an agent do that asks by a package."""
    path = desk.root / arguments["path"]
    text = path.read_text()
    if tool == "edit":
        assert arguments["old_string"] in text
        path.write_text(text.replace(arguments["old_string"], arguments["new_string"]))
    return text


def test_the_openai_package(desk: AgentDesk) -> None:
    desk.admit("openai")
    desk.provider.plan = [*reads("read", "path"), Call("edit", EDIT), DONE]
    tools: Any = [
        {"type": "function", "function": {"name": name, "parameters": SCHEMA}} for name in ("read", "edit")
    ]
    messages: Any = [{"role": "user", "content": WISH}]
    said = ""
    with openai.OpenAI(base_url=f"{desk.url}/v1", api_key=desk.token, max_retries=0) as client:
        while not said.endswith(DONE):
            with client.chat.completions.stream(model="chat", messages=messages, tools=tools) as stream:
                message = stream.get_final_completion().choices[0].message
            said += message.content or ""
            messages.append(message.to_dict())
            for call in message.tool_calls or ():
                text = use(desk, call.function.name, json.loads(call.function.arguments))
                messages.append({"role": "tool", "tool_call_id": call.id, "content": text})
    desk.check(said, "openai")


def test_the_anthropic_package(desk: AgentDesk) -> None:
    desk.admit("anthropic")
    desk.provider.plan = [*reads("read", "path"), Call("edit", EDIT), DONE]
    tools: Any = [{"name": name, "input_schema": SCHEMA} for name in ("read", "edit")]
    messages: Any = [{"role": "user", "content": WISH}]
    said = ""
    with anthropic.Anthropic(base_url=desk.url, auth_token=desk.token, max_retries=0) as client:
        while True:
            with client.messages.stream(
                model="messages", max_tokens=100, messages=messages, tools=tools
            ) as stream:
                message = stream.get_final_message()
            said += "".join(block.text for block in message.content if block.type == "text")
            messages.append({"role": "assistant", "content": message.to_dict()["content"]})
            calls = [block for block in message.content if block.type == "tool_use"]
            results = [
                {"type": "tool_result", "tool_use_id": call.id, "content": use(desk, call.name, call.input)}
                for call in calls
            ]
            if not results:
                break
            messages.append({"role": "user", "content": results})
    desk.check(said, "anthropic")


def test_llm(desk: AgentDesk) -> None:
    desk.admit("llm")
    desk.provider.plan = [*reads("read", "path"), Call("edit", EDIT), DONE]
    (desk.home / "functions.py").write_text(
        "from pathlib import Path\n\n\n"
        "def read(path: str) -> str:\n    return Path(path).read_text()\n\n\n"
        "def edit(path: str, old_string: str, new_string: str) -> str:\n"
        "    text = Path(path).read_text()\n"
        "    assert old_string in text\n"
        "    Path(path).write_text(text.replace(old_string, new_string))\n"
        "    return 'done'\n"
    )
    model = {"model_id": "assist", "model_name": MODELS["chat"], "api_base": f"{desk.url}/v1"}
    model |= {"api_key_name": "assist", "supports_tools": True}
    (desk.home / "extra-openai-models.yaml").write_text(json.dumps([model]))
    said = desk.run(
        *(llm(), "-m", "assist", "--key", desk.token, "--functions", desk.home / "functions.py"),
        *("--chain-limit", "9", WISH),
        LLM_USER_PATH=str(desk.home),
    )
    desk.check(said, "llm")


def test_aider(desk: AgentDesk) -> None:
    desk.admit("aider")
    block = '```python\n<<<<<<< SEARCH\npassword = "<secret>"\n=======\nPASSWORD = "<secret>"\n>>>>>>> REPLACE\n```\n'
    desk.provider.plan = [f"settings.py\n{block}"]
    cached = desk.home / ".aider/caches/model_prices_and_context_window.json"
    cached.parent.mkdir(parents=True)
    cached.write_text(json.dumps({MODELS["chat"]: {}}))  # else it fetches a list of models
    quiet = (
        "analytics",
        "check-update",
        "show-release-notes",
        "show-model-warnings",
        "pretty",
        "detect-urls",
    )
    said = desk.run(
        *(aider(), "--model", f"openai/{MODELS['chat']}", "--edit-format", "diff", "--yes-always"),
        *(f"--no-{word}" for word in (*quiet, "auto-commits", "gitignore", "fancy-input")),
        *("--read", "infra/db.tf", "--read", "billing/rates.py", "--message", WISH, "settings.py"),
        OPENAI_API_BASE=f"{desk.url}/v1",
        OPENAI_API_KEY=desk.token,
        LITELLM_LOCAL_MODEL_COST_MAP="True",
    )
    desk.check(said, "aider")


def test_opencode(desk: AgentDesk) -> None:
    desk.admit("opencode")
    edit = {
        "filePath": "settings.py",
        "oldString": 'password = "<secret>"',
        "newString": 'PASSWORD = "<secret>"',
    }
    desk.provider.plan = [*reads("read", "filePath"), Call("edit", edit), DONE]
    model = MODELS["chat"]
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "options": {"baseURL": f"{desk.url}/v1", "apiKey": "{env:ASSIST_TOKEN}"},
        "models": {model: {}},
    }
    folder = desk.home / ".config/opencode"
    settings = {"model": f"assist/{model}", "provider": {"assist": provider}, "share": "disabled"}
    (folder / "node_modules").mkdir(parents=True)  # with these two it fetches no package for plugins
    lock = {"packages": {"": {"dependencies": {"@opencode-ai/plugin": "*"}}}}
    (folder / "package-lock.json").write_text(json.dumps(lock))
    (folder / "opencode.json").write_text(json.dumps(settings))
    switches = ("MODELS_FETCH", "LSP_DOWNLOAD", "AUTOUPDATE", "DEFAULT_PLUGINS")
    said = desk.run(
        *(opencode(), "run", "--auto", WISH),
        ASSIST_TOKEN=desk.token,
        **{f"OPENCODE_DISABLE_{switch}": "1" for switch in switches},
    )
    desk.check(said, "opencode")


def test_codex(desk: AgentDesk) -> None:
    desk.admit("codex")
    patch = '*** Begin Patch\n*** Update File: settings.py\n@@\n-password = "<secret>"\n+PASSWORD = "<secret>"\n*** End Patch\n'
    shown = [Call("exec_command", {"cmd": f"cat {path}"}) for path in FILES]
    desk.provider.plan = [*shown, Call("apply_patch", {"": patch}), DONE]
    (desk.home / ".codex").mkdir()
    (desk.home / ".codex/config.toml").write_text(CODEX.format(model=MODELS["responses"], url=desk.url))
    said = desk.run(
        *(codex(), "exec", "--sandbox", "danger-full-access", WISH),
        ASSIST_TOKEN=desk.token,
    )
    desk.check(said, "codex")
