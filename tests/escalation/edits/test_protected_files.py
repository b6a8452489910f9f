"""Files that run something are asked about by their names, however they are spelled, and ordinary code is not."""

import pytest

from assist_escalation.edits.edit_paths import protected_by

ASKED = """
mix.exs build.sbt Package.swift BUILD BUILD.bazel rules.bzl WORKSPACE MODULE.bazel meson.build SConstruct wscript
configure configure.ac install.sh run.ps1 gradlew.bat mvnw.cmd flake.nix shell.nix Podfile lefthook.yml
gradle/wrapper/gradle-wrapper.properties gradle.properties app.vcxproj x.props x.targets binding.gyp
vite.config.mts jest.setup.ts vitest.workspace.ts turbo.json nx.json mise.toml pnpmfile.cjs conanfile.py Snakefile
tasks.py dodo.py noxfile.py tox.ini manage.py rebar.config deps.edn build.zig dune-project Guardfile Dangerfile
fastlane/Fastfile nodemon.json tsconfig.json netlify.toml main.tf ansible.cfg stack.yaml foundry.toml
hardhat.config.js NuGet.config docker-bake.hcl user-data x.code-workspace CMakePresets.json Tiltfile Earthfile
Makefile.am GNUmakefile Directory.Build.props requirements-dev.txt Gemfile.lock .envrc .github/workflows/x.yml
githooks/pre-commit node_modules/x/index.js buildSrc/src/main/kotlin/a.kt debian/rules
docs/conf.py mkdocs.yml mypy.ini pylintrc .pylintrc book.toml latexmkrc hie.yaml Properties/launchSettings.json
gradle/libs.versions.toml project/Build.scala config/runtime.exs Emakefile phpstan.neon phpstan.neon.dist rector.php
features/environment.py rules.ninja Tupfile Jamroot BUILD.gn PRESUBMIT.py config.nims gatsby-node.js knexfile.js
tslint.json test/mocha.opts buf.gen.yaml melos.yaml build.yaml Trunk.toml MLproject artisan x.iss x.nsi
hooks/commit-msg hooks/post-receive
"""
ORDINARY = """
src/a.py src/hooks/useCart.ts configure_app.py bootstrap.css railway.py src/build/index.ts docs/README.md
src/rules/tax.py src/tasks/views.py workspace/a.py lib/init.lua pkg/__main__.py data.json values.yaml a.go
src/environment.py src/main/scala/A.scala test/a_test.exs hooks/useCart.ts src/config.py
"""


@pytest.mark.parametrize("path", ASKED.split())
def test_a_file_that_runs_something_is_asked_about(path: str) -> None:
    for spelling in (
        path,
        path.upper(),
        f"web/api/{path}",
        f"web\\{path}. ",
        f"{path}::$DATA",
        f"{path.title()} :x",
    ):
        assert protected_by(spelling)


@pytest.mark.parametrize("path", ORDINARY.split())
def test_ordinary_code_is_not(path: str) -> None:
    assert protected_by(path) is None
