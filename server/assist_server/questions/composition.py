"""The parts that decide and answer questions, built from the configuration: inputs, gate, files, audit log.

It opens no model and sends nothing. It imports neither llama.cpp nor the provider's library.
"""

import logging
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

try:
    import pwd
except ImportError:  # Windows
    pwd = None  # type: ignore[assignment]

from assist_completion.errors import CompletionError
from assist_completion.model_store.store import Store, resolve
from assist_context.files.exclusions import exclusions, hard_links
from assist_context.files.repository_top import find_top
from assist_escalation.errors import EscalationError
from assist_escalation.policy.permissions import Permissions
from assist_escalation.redaction.known_secrets import MAX_VALUES, Known, known_values
from assist_escalation.routing import calibration, feedback
from assist_escalation.routing.calibration import NONE, Calibration
from assist_server.config.config import Config, answering_model
from assist_server.config.permissions import permissions_for
from assist_server.config.structure import Problem
from assist_server.questions.outbound_files import FileRules
from assist_server.questions.secret_file_texts import SecretTexts, are_current, join_texts, secret_texts
from assist_server.record_files import gate_files
from assist_server.workspace.git_access import make_git

if TYPE_CHECKING:  # the way out is loaded when something may leave
    from assist_escalation.audit.log import AuditLog
    from assist_escalation.budget.ledger import Scope
    from assist_escalation.gate.prepare import GateParts

# Tokens of code for a local answer. With our instructions, the 0.5B model reads them in 2.6 s on two cores.
LOCAL_TOKENS = 700
# A file of 7B parameters has 3.8 GB at Q3_K_M and 4.7 at Q4_K_M, one of 3B 3.3 at Q8_0.
LARGE_MODEL_BYTES = 3_600_000_000
WINDOW = 8192  # tokens of question and answer, the same as `speed_probe.WINDOW`

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LocalModelFacts:
    """The model on this machine, as far as it is known before it is loaded.

    `tokens` is how much code it reads in the time that people wait for a first word; `window` is its limit.
    One with at least 7 billion parameters is `large`, as the size of its file says.
    """

    available: bool
    tokens: int
    window: int
    large: bool = False


@dataclass(frozen=True, slots=True)
class DecisionInputs:
    """The inputs of a decision: settings, rules, the local model and earlier requests, read once.

    `roots` are the folders of the workspace, named after the first. `asked` are folders that
    the user asks from: their rules always apply, whichever files a prompt shows. `problems` is what is wrong
    in the rules. `history` holds the scores of earlier requests, the newest last. `more_secrets` are texts of
    secret files that the disk may not have: as an editor has them, and as they were before a diff.
    """

    config: Config
    roots: tuple[str, ...]
    asked: tuple[str, ...]
    permissions: Permissions
    local: LocalModelFacts
    problems: tuple[Problem, ...] = ()
    history: Sequence[float] = ()
    calibration: Calibration = NONE
    more_secrets: SecretTexts = field(default_factory=SecretTexts, repr=False)

    @property
    def prose(self) -> bool:
        """Say if sentences of the model on this machine are wanted: it is large, or the settings say so.

        Of 25 sentences of a 1.5B about code that it was shown 12 were wrong.
        """
        return self.local.large or self.config.answers.words

    @property
    def scope(self) -> "Scope":
        """Return who spends."""
        return make_scope(self.roots)


def decision_inputs(config: Config, roots: Sequence[str], folders: Sequence[str] = ()) -> DecisionInputs:
    """The inputs for decisions in a workspace. The first of the `folders` is for the preview."""
    permissions, problems = permissions_for(config, roots, folders)
    model = model_file(config)
    large = model is not None and model.stat().st_size >= LARGE_MODEL_BYTES
    return DecisionInputs(
        config,
        tuple(roots),
        tuple(folders),
        permissions,
        LocalModelFacts(model is not None, LOCAL_TOKENS, WINDOW, large),
        problems,
        history=feedback.scores(gate_files(config).feedback),
        calibration=read_calibration(config)[0],
    )


def permissions_within(inputs: DecisionInputs, folders: Sequence[str]) -> Permissions:
    """The permissions together with the rules of these folders, which can only forbid."""
    return permissions_for(inputs.config, inputs.roots, (*inputs.asked, *folders))[0]


def file_rules(config: Config) -> FileRules:
    """Return what is asked about files that may leave."""
    return FileRules(lambda root, paths: exclusions(root, paths, make_git(config)), hard_links)


def moved_directories(config: Config) -> tuple[tuple[str, str], ...]:
    """The directories of settings and data that are not where they usually are, for the preview."""
    names = {"config": ("Settings", config.paths.config), "data": ("Data", config.paths.data)}
    return tuple((name, str(path)) for name, path in map(names.__getitem__, config.paths.moved))


def make_scope(roots: Sequence[str]) -> "Scope":
    """Return who spends: the workspace by the top of its repository, the user by login.

    A repository's bound holds for all of it, whichever folder of it someone works in.
    """
    from assist_escalation.budget.ledger import Scope  # noqa: PLC0415

    root = os.path.realpath(roots[0]) if roots else ""
    return Scope((find_top(root) or root) if root else "", _user())


def gate_parts(config: Config, permissions: Permissions, more: SecretTexts | None = None) -> "GateParts":
    """The gate of a workspace, which also finds the values in the texts of `more` secret files.

    Raises `EscalationError` if the key for the audit log is not set.
    """
    from assist_escalation.budget.ledger import Ledger  # noqa: PLC0415
    from assist_escalation.gate.prepare import GateParts  # noqa: PLC0415
    from assist_escalation.gate.request_marks import installation_key  # noqa: PLC0415
    from assist_escalation.provider import provider_memory  # noqa: PLC0415
    from assist_escalation.provider.transport import Transport  # noqa: PLC0415

    files = gate_files(config)
    return GateParts(
        ledger=Ledger(files.ledger),
        log=open_log(config, permissions),
        transport=Transport(files.providers, offline=config.offline),
        keys=config.secrets.get,
        known=secret_values(config, permissions, more),
        models=provider_memory.AnsweringModels(files.models),
        secret=partial(installation_key, files.marks),
    )


def secret_values(config: Config, permissions: Permissions, more: SecretTexts | None = None) -> Known:
    """The values in files of secrets and in the environment, which are redacted wherever they are.

    `more` are texts of such files that the disk may not have.
    """
    return read_values(config, secret_texts(permissions.roots, permissions.deny), more)


def read_values(config: Config, texts: SecretTexts, more: SecretTexts | None = None) -> Known:
    """The values in these texts, and in the environment. It takes 3 s for 8 MB."""
    texts = join_texts(texts, more or SecretTexts())
    values = known_values(texts.denied, config.secrets.values, texts.user_denied)
    many = f"secret files with more than {MAX_VALUES:,} values" if len(values.values) >= MAX_VALUES else ""
    if texts.incomplete or many:
        _LOG.warning(
            "The workspace has %s: values in those that were not read are redacted only if they look like "
            "secrets. Name a smaller folder so that all are read.",
            texts.incomplete or many,
        )
    return values


class RememberedSecrets:
    """The values of secret files as they are now, read again only if one changed or is edited."""

    def __init__(
        self,
        config: Config,
        permissions: Callable[[], Permissions],
        read_unsaved: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._config = config
        self._permissions = permissions
        self._unsaved = read_unsaved
        self._read: tuple[object, SecretTexts, Known] = (None, SecretTexts(), Known())

    def values(self) -> Known:
        """The values, also from unsaved texts."""
        permissions, unsaved = self._permissions(), self._unsaved()
        inputs = (permissions.roots, permissions.deny, unsaved)
        before, texts, secrets = self._read
        if inputs != before or not are_current(texts):
            now = secret_texts(permissions.roots, permissions.deny)
            if inputs != before or now != texts:
                secrets = read_values(self._config, now, SecretTexts(denied=dict(unsaved)))
            self._read = (inputs, now, secrets)
        return secrets


def open_log(config: Config, permissions: Permissions) -> "AuditLog":
    """The audit log, with the key and the checkpoint file that the permissions name."""
    from assist_escalation.audit.log import AuditLog  # noqa: PLC0415
    from assist_escalation.budget.ledger import Ledger  # noqa: PLC0415

    files = gate_files(config)
    key = log_key(config, permissions)
    was_used = Ledger(files.ledger).has_settled
    return AuditLog(files.audit, key=key, checkpoint=find_checkpoint(permissions), was_used=was_used)


def log_key(config: Config, permissions: Permissions) -> bytes | None:
    """The key that signs the lines of the audit log, if the user or the organisation names one."""
    if not permissions.audit_key_env:
        return None
    key = config.secrets.get(permissions.audit_key_env)
    if not key:
        raise EscalationError(
            f"The variable {permissions.audit_key_env}, which audit_key_env names, is not set: set it to the "
            "key of the audit log. Until then nothing leaves this machine."
        )
    return key.encode()


def find_checkpoint(permissions: Permissions) -> Path | None:
    """The second file that keeps the end of the audit log."""
    return Path(permissions.audit_checkpoint).expanduser() if permissions.audit_checkpoint else None


def random_token() -> str:
    """An unguessable name for a request."""
    return secrets.token_hex(6)


def read_calibration(config: Config) -> tuple[Calibration, str]:
    """The calibration from `assist calibrate`, and why it is not used, or "". It permits nothing more."""
    try:
        return calibration.read(gate_files(config).calibration.read_text(encoding="utf-8")), ""
    except FileNotFoundError:
        return NONE, ""
    except (OSError, ValueError, EscalationError) as error:
        return NONE, str(error)


def model_file(config: Config) -> Path | None:
    """The file of the model that answers here, None if it is not there."""
    return _find_file(config, answering_model(config))


def completing_file(config: Config) -> Path | None:
    """The file of the model that writes ghost text, None if it is not there."""
    return _find_file(config, config.completion.model)


def _find_file(config: Config, model: str) -> Path | None:
    try:
        return resolve(Store(config.paths.data / "models"), model)
    except CompletionError:
        return None


def _user() -> str:
    """The user's login as the system knows it; an environment variable can say anything."""
    try:
        return os.getlogin() if pwd is None else pwd.getpwuid(os.getuid()).pw_name
    except (OSError, KeyError):  # no user has this number, as in some containers
        return "unknown"
