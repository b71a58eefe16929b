# Everything is done by .ci/bootstrap.py, which makes the machine ready first: see there.
PYTHON ?= python3
HEDDLE := $(PYTHON) .ci/bootstrap.py

.PHONY: help run build test test-long lint kill bench lock clean

help:            ## what there is
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run:             ## set up what is missing, start Heddle with its demo systems (HEDDLE_PORT, HEDDLE_DATA)
	@$(HEDDLE) run

build:           ## set up what is missing and build the editor, without starting
	@$(HEDDLE) build

test:            ## every check and test: lint, types, unit, property, conformance, PostgreSQL, durability, browser
	@$(HEDDLE) test

test-long:       ## the long searches: more examples, more kills
	@$(HEDDLE) test long

lint:            ## formatting, lint and types, of Python and of the editor
	@$(HEDDLE) test lint

kill:            ## the tests that kill -9 real processes, in full length
	@$(HEDDLE) test kill

bench:           ## how fast it is on this machine
	@$(HEDDLE) test bench

lock:            ## pin what pyproject.toml asks for (needs uv); delete the files first to take the newest
	@uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header \
	    --no-emit-index-url --no-emit-find-links pyproject.toml --group dev -o .ci/requirements-test.txt
	@uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header \
	    --no-emit-index-url --no-emit-find-links pyproject.toml --group build \
	    -c .ci/requirements-test.txt -o .ci/requirements.txt

clean:           ## forget what was installed and built; the data in .heddle stays
	rm -rf .venv static/node_modules static/dist build dist test-results
	find . -name __pycache__ -type d -not -path './.heddle/*' -prune -exec rm -rf {} +
