"""The team's server for ghost text, for `doctor`: what it is, whether it answers, and whether it has a cache.

It is asked with a line of code of our own, unless assist is offline.
"""

from collections.abc import Sequence
from typing import Any

from assist_escalation.errors import EscalationError
from assist_server.cli.doctor.finding import DoctorFinding
from assist_server.config.config import Config
from assist_server.config.permissions import permissions_for
from assist_server.editor.team_server_opening import named_server
from assist_server.editor.team_server_probing import probe_server
from assist_server.wording.servers import server_document, server_warnings


def server_facts(
    config: Config, roots: Sequence[str], findings: list[DoctorFinding]
) -> dict[str, Any] | None:
    """The server that writes ghost text, None if the settings name none. Problems become findings."""
    probe = None
    try:
        named = named_server(config, roots)
        if named is None:
            return None
        name, server = named
        if permissions_for(config, roots)[0].ghost_text == "local":
            what = f"The rules here keep ghost text on this machine, so {name} is not asked"
            findings.append(DoctorFinding(what, "`assist config show` says which rule"))
        elif not server.residency:
            what = f"{name} may see no class of text, so it is not asked"
            findings.append(DoctorFinding(what, f"Write its residency in [servers.{name}]"))
        elif server.api_key_env and not config.secrets.get(server.api_key_env):
            what = f"The variable {server.api_key_env} is not set: {name} cannot be asked"
            findings.append(DoctorFinding(what, f"Export the key of {name} in it"))
        elif not config.offline:
            probe = probe_server(config, server)
            findings += [DoctorFinding(*each) for each in server_warnings(server, probe)]
    except EscalationError as error:
        remedy = f"Correct {config.paths.config_file}; until then the local model writes ghost text"
        findings.append(DoctorFinding(str(error), remedy))
        return None
    return server_document(name, server, probe)
