# The commands of this project, the same for people and for CI. `make help` lists them.
# PYTHON=… names the Python to use, ARGS=… goes to pytest or digest up, ONCE=1 to the demo.

.PHONY: help setup dev demo run test check
.DEFAULT_GOAL := help
override HERE := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
override BIN := $(HERE)/.venv/bin
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

help:            ## this list
	@sed -n 's/^\([a-z]*\): .*##/make \1\t/p' "$(HERE)/Makefile" | expand -t 20

setup:           ## make .venv from your own Python (3.11 or newer), and nothing else
	@sh "$(HERE)/scripts/setup.sh" run "$(PYTHON)"

dev:             ## the same with what the tests and checks need
	@sh "$(HERE)/scripts/setup.sh" dev "$(PYTHON)"

demo: setup      ## set up and run the main job on sample briefings; ONCE=1 ends after it
	@cd "$(HERE)" && exec "$(BIN)/digest" demo $(if $(filter-out 0 no false,$(ONCE)),--once)

run: setup       ## web, workers, schedule, broker and mailbox in one go (digest up)
	@cd "$(HERE)" && exec "$(BIN)/digest" up $(ARGS)

test: dev        ## all tests, then those about the database again on PostgreSQL
	cd "$(HERE)" && "$(BIN)/pytest" $(ARGS)
	cd "$(HERE)" && DIGEST_TEST_DATABASE=postgres "$(BIN)/pytest" -m both_databases $(ARGS)

check: dev       ## lint, format, types, layers
	cd "$(HERE)" && "$(BIN)/ruff" check
	cd "$(HERE)" && "$(BIN)/ruff" format --check
	cd "$(HERE)" && "$(BIN)/mypy"
	cd "$(HERE)" && "$(BIN)/lint-imports"

screenshots: dev ## the README's pictures, from a demo of its own; needs Chromium
	cd "$(HERE)" && "$(BIN)/python" scripts/screenshots.py
