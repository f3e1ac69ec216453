"""The command line: a file for each command, which reads its input, calls one workflow and shows the record."""

from lensmith.cli.app import app, main

__all__ = ["app", "main"]
