"""The web: what lensmith answers over HTTP."""
