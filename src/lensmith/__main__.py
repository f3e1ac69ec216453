"""`python -m lensmith`."""

from lensmith.cli import main

main()
