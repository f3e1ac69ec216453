# The only list of developer commands. They use the environment that is active.
.DEFAULT_GOAL := help
.PHONY: help check test test-all format lint bench bench-long faults docs

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

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

bench: ## measure what takes minutes: tutorials not stored yet, start-up, memory, speed on MNIST, reading a folder
	python benchmarks/tutorials.py
	python benchmarks/startup.py
	python benchmarks/memory.py
	python -m benchmarks.speed mnist
	python -m benchmarks.folder
	python -m benchmarks.page

bench-long: ## measure what takes hours, going on where it was stopped: time to accuracy, share of peak, growth, budgets, checks, diagnoses
	python -m benchmarks.speed
	python -m benchmarks.saving
	python -m benchmarks.sgemm
	python -m benchmarks.threads
	python -m benchmarks.growth
	python -m benchmarks.budget
	python -m benchmarks.checking
	python -m benchmarks.photos
	python -m benchmarks.small_data
	python -m benchmarks.inside
	python -m benchmarks.trust
	for part in steps activations optimizers settings; do python -m benchmarks.ladder $$part || exit; done
	python -m tests.diagnosis
	python -m benchmarks.page

faults: ## kill, fill the disk, damage files, many times; writes the table of docs/reliability.md: under an hour
	python -m tests.faults

docs: ## write docs/tutorials.md (training what is missing) and docs/benchmarks.md from the stored results
	python benchmarks/tutorials.py
	python -m benchmarks.page
