"""`python -m proctor` is the command `proctor`."""

from proctor.leaderboard.cli.main import main

main()
