"""The project's own measurements; each module says how it is run."""
