"""Workflows: do one command. Each calls stages, writes into the run, and has the result drawn.

Nothing is imported here, so that `predict` does not wait for what `train` needs.
"""
