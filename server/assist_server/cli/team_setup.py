"""`assist setup --server`: what answers at an address, and the settings that make it write ghost text."""

from assist_escalation.errors import EscalationError
from assist_server.cli.flags import ask_first
from assist_server.cli.output import emit, out, say
from assist_server.config.config import Config, write_settings
from assist_server.config.toml_file import literal
from assist_server.editor.team_server_probing import AskedServer, ServerEntry, entry_for
from assist_server.errors import UserError
from assist_server.wording.servers import server_document, server_warnings, server_words

NAME = "team"


def set_up_server(config: Config, asked: AskedServer, *, yes: bool, as_json: bool) -> None:
    """Ask the server what it is, show the entry, and write it once the user agrees."""
    if config.offline:
        raise UserError("A server cannot be asked offline: leave out --offline, or unset ASSIST_OFFLINE.")
    try:
        entry = entry_for(config, NAME, asked)
    except EscalationError as error:
        raise UserError(f"{asked.url}: {error}.") from error
    if entry.probe.problem:
        raise UserError(f"{asked.url} is {entry.server.kind}, and does not complete: {entry.probe.problem}.")
    document = server_document(entry.name, entry.server, entry.probe)
    say(server_words(document))
    for what, remedy in server_warnings(entry.server, entry.probe):
        say(f"Note: {what}. {remedy}.")
    file = config.paths.config_file
    lines = list(_lines(entry))
    say(f"\nThis would be written into {file}:")
    for line in lines:
        say(f"  {line}")
    sees = ", ".join(entry.server.residency)
    question = f"Send the code around your cursor, of the class {sees}, to {document['host']} from now on?"
    ask_first(question, "Nothing was written.", yes=yes)
    write_settings(file, entry.settings)
    if as_json:
        emit({**document, "file": str(file)})
    else:
        out("Written. `assist config set completion.server ''` turns it off again.")


def _lines(entry: ServerEntry) -> list[str]:
    """The entry as the file will have it."""
    lines = ["[completion]", f"server = {literal(entry.name)}", "", f"[servers.{entry.name}]"]
    tables = entry.settings.items()
    return [*lines, *(f"{key[2]} = {literal(value)}" for key, value in tables if key[0] == "servers")]
