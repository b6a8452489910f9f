"""`python -m assist_server`: the same as `assist`."""

from assist_server.cli.main import main

main()
