# The only list of developer commands. They use the environment that is active.
.DEFAULT_GOAL := help
.PHONY: help check test test-all format lint bench docs

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

check: lint test ## lint and test: what must pass before a change lands

test: ## run the tests, but for the slow ones: under 10 minutes on 2 cores
	pytest

test-all: ## run all tests, the slow ones too
	pytest -m ''

format: ## bring all code into ruff's form
	ruff format .

lint: ## check style, form, types and the order of the layers
	ruff check .
	ruff format --check .
	mypy
	lint-imports

bench: ## measure: tutorial recipes with 3 seeds (what is not stored yet), start-up, memory with 20,000 photos
	python benchmarks/tutorials.py
	python benchmarks/startup.py
	python benchmarks/memory.py

docs: ## write docs/tutorials.md from the stored results, training what is missing
	python benchmarks/tutorials.py
