# The commands of this project, the same for people and for CI. `make help` lists them.
# PYTHON=… names the Python to use, ARGS=… goes to pytest or digest up, ONCE=1 to the demo.

.PHONY: help setup server dev demo run test check bench screenshots
.DEFAULT_GOAL := help
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV
# What one process has compiled the others need not: pytest alone rewrites three hundred files.
unexport PYTHONDONTWRITEBYTECODE

help:            ## this list
	@sed -n 's/^\([a-z]*\): .*##/make \1\t/p' Makefile | expand -t 20

setup:           ## make .venv from your own Python (3.11 or newer), and nothing else
	@sh scripts/setup.sh run "$(PYTHON)"

server: setup    ## the same for a service, which may not write here (docs/vps.md)
	@.venv/bin/python -m compileall -q -j 0 .venv/lib config digest subscribers workers

dev:             ## the same with what the tests and checks need
	@sh scripts/setup.sh dev "$(PYTHON)"

demo: setup      ## set up and run the main job on sample briefings; ONCE=1 ends after it
	@exec .venv/bin/digest demo $(if $(filter-out 0 no false,$(ONCE)),--once)

run: setup       ## web, workers, schedule, broker and mailbox in one go (digest up)
	@exec .venv/bin/digest up $(ARGS)

test: dev        ## all tests; those about the database again on PostgreSQL; then the long ones
	.venv/bin/pytest -m "not long" -n auto --dist loadfile $(ARGS)
	DIGEST_TEST_DATABASE=postgres .venv/bin/pytest -m "both_databases and not long" -n auto --dist loadfile $(ARGS)
	.venv/bin/pytest -m long -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

check: dev       ## lint, format, types, layers
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

bench: dev       ## how fast it sends here, against what was promised; ARGS=--full: to a million
	.venv/bin/python -m benchmarks.sending $(ARGS)

screenshots: dev ## the mails at each width and look, and the README's pictures; needs Chromium
	.venv/bin/python -m scripts.screenshots $(ARGS)
