"""Files that decide what runs on a machine: a person is asked before an edit of one, whatever the settings.

An edit there can run code at the next build, commit or test, or widen what the next edit may do. It
knows names alone and reads no disk; files that no edit may touch at all are in `assist_context.denied`.
"""

import re
from fnmatch import translate
from unicodedata import normalize

_NAMES = (
    # what package managers install and run, and what they found before
    "package.json", "setup.py", "setup.cfg", "pyproject.toml", "cargo.toml", "build.rs", "go.mod", "go.sum",
    "go.work", "pom.xml", "gemfile", "*.gemspec", "composer.json", "requirements*.txt", "constraints*.txt",
    "pipfile", "*.lock", "*.lockb", "*.lockfile", "*-lock.json", "*-lock.yaml", "npm-shrinkwrap.json",
    "packages.lock.json", "environment.yml",
    # what test runners and interpreters load unasked
    "conftest.py", "sitecustomize.py", "usercustomize.py", "*.pth", "tox.ini", "pytest.ini", "noxfile.py",
    "*.config.js", "*.config.cjs", "*.config.mjs", "*.config.ts", "gulpfile*", "gruntfile*",
    # builds, containers and CI
    "makefile", "gnumakefile", "*.mk", "justfile", "taskfile.y*ml", "rakefile", "cmakelists.txt", "*.cmake",
    "build.gradle*", "settings.gradle*", "gradlew", "mvnw", "*.csproj", "directory.build.*", "build.xml",
    "dockerfile*", "containerfile*", "docker-compose*.y*ml", "compose.y*ml", "vagrantfile", "procfile",
    "jenkinsfile*", "azure-pipelines*.y*ml", "appveyor.yml", "bitbucket-pipelines.yml", "cloudbuild.y*ml",
    # who must review
    "codeowners",
)  # fmt: skip
_NAMED = re.compile("|".join(translate(name) for name in _NAMES))


def protected_by(path: str) -> str | None:
    """The part of a path for which a person is always asked, else None.

    Whatever begins with a dot is a tool's own: `.git`, `.github`, `.vscode`, `.assist.toml`, `.env`.

    >>> protected_by(".GitHub/workflows/ci.yml"), protected_by("web/package.json"), protected_by("src/a.py")
    ('.GitHub', 'package.json', None)
    """
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    for part in parts:
        if _plain(part).startswith("."):
            return part
    return parts[-1] if parts and _NAMED.match(_plain(parts[-1])) else None


def _plain(name: str) -> str:
    """A name as careless file systems compare it: Unicode's forms, case, unseen characters, ends."""
    seen = "".join(each for each in normalize("NFKC", name) if each.isprintable())
    return seen.casefold().rstrip(". ")
