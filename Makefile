# The only list of developer commands. They use the environment that is active.
.DEFAULT_GOAL := help
.PHONY: help check test test-all lint bench docs

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

check: lint test ## lint and test: what must pass before a change lands

test: ## run the tests, but for the slow ones: under 10 minutes on 2 cores
	pytest

test-all: ## run all tests, the slow ones too
	pytest -m ''

lint: ## check style, types and the order of the layers
	ruff check .
	mypy
	lint-imports

bench: ## train every tutorial recipe with 3 seeds, as far as results are missing, and write docs/tutorials.md
	python benchmarks/tutorials.py

docs: ## write the generated pages again from stored results
	python benchmarks/tutorials.py --write
