"""Runs a repository's own tests on a copy of its files, in a sandbox, and breaks functions on purpose.

What it promises of a command in it, on Linux with namespaces for ordinary users (elsewhere nothing runs):

- No network but a loopback of its own, and no socket or key of the user's other programs.
- It sees the system's programs, the copy, an empty home and what the caller names. Other files do not exist.
- It can change the copy, its home and its temporary files only. The changes are in memory and gone after it,
  but for folders that the caller names, such as the build folder of a compiler.
- Its rights are dropped before its first instruction, and a filter refuses the calls of the kernel that no
  test needs.
- Time, memory, processes, output and files are bounded. A command beyond a limit fails or is killed, and the
  report says which limit it was. Memory is also what the kernel holds for it, in whatever form. A kept folder
  that is too large at the end is emptied.
- Nothing of it runs on after its first process ends, at a limit, or when we end.

What it does not promise: that a test keeps what it reads in the copy to itself, for its output is shown; and
anything against a fault in the kernel. A test can print what it likes, so only what a known runner prints
(`proofs`) counts as a pass.

A run goes through `test_command` (which command, with which `installations`), `tree_copy`, `sandbox` (our
side) and `processes` (the other side, with `limits`, `private_root`, `kernel_calls` and `resource_use`).
`body_check` asks with `mutants` whether tests notice a wrong function. The wing knows no model, no task and
no editor.
"""
