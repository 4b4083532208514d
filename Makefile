# Javert: `make assess` and `make test` do all the set-up on a fresh Debian 12 machine. `make help` lists the rest.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DURATION ?= 60s
ARGS ?=
JOBS ?= 2
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
# What Javert itself needs beyond Python: venv to install into, and libbpf, which comes with iproute2 on most machines.
RUNTIME_PACKAGES := python3-venv libbpf1
TEST_PACKAGES = $(shell sed 's/\#.*//' tests/debian-packages.txt)
DEP_PACKAGES = $(shell sed 's/\#.*//' tests/debian-packages-dep.txt)
# Servers that Debian does not let be installed beside those: they are only unpacked.
UNPACKED_PACKAGES = $(shell sed 's/\#.*//' tests/debian-unpacked.txt)

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

assess: $(VENV)/.runtime  ## assess this host for DURATION (60s) and print the report; ARGS= are passed on
	@$(BIN)/javert assess --duration $(DURATION) $(ARGS)

test: $(VENV)/.test debian-packages  ## run all tests
	$(BIN)/pytest -n $(JOBS) -m "not serial and not slow and not windows" tests
	$(BIN)/pytest -m "serial and not slow and not windows" tests

slow: $(VENV)/.test debian-packages  ## the slow suites: more random trees, Debian's daemons and containers (5 minutes)
	JAVERT_TREES=5000 JAVERT_TREES_SEED=2 $(BIN)/pytest tests/oracle/rules/test_modifiability.py
	$(BIN)/pytest tests/oracle/rules/test_debian_daemons.py tests/oracle/rules/test_containers.py

dep-oracles: $(VENV)/.test debian-packages  ## let other machines, a newer glibc and other tools judge DEP (2 minutes)
	@$(call need,$(DEP_PACKAGES))
	JAVERT_IMAGES=10000 JAVERT_IMAGES_SEED=2 $(BIN)/pytest $(addprefix tests/oracle/dep/test_, \
		random_images.py newer_glibc.py other_machines.py whole_host.py)

fuzz: $(VENV)/.test  ## fuzz the parsers for a fixed number of inputs (x86-64; a minute or two)
	$(BIN)/python -m tests.fuzz.run

test-windows: $(VENV)/.test debian-packages  ## run unit tests and an assessment under Windows Python, in Wine (3 minutes)
	$(BIN)/pytest -m windows tests/windows

lint: $(VENV)/.test  ## formatting, lint, types, and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy --platform win32 --exclude sensors/linux
	$(BIN)/lint-imports

bench: $(VENV)/.test debian-packages  ## print the benchmark ratios
	$(BIN)/python -m benchmarks

bpf:  ## compile the kernel programs (clang-14, llvm-14 and libbpf-dev)
	$(MAKE) -C src/javert/sensors/linux/bpf

lock: $(VENV)/.test  ## pin the requirements again
	$(PIP) uv
	$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 \
		--universal --upgrade pyproject.toml --group build -o requirements/runtime.txt
	$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 \
		--universal --upgrade pyproject.toml --group build --group test -c requirements/runtime.txt -o requirements/test.txt

clean:  ## remove the environment and caches
	rm -rf $(VENV) .debian .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import ensurepip, venv, ctypes; ctypes.CDLL("libbpf.so.1")' 2>/dev/null \
		|| $(call install,$(RUNTIME_PACKAGES))
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements/runtime.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) --require-hashes -r requirements/runtime.txt
	$(PIP) --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/.test: requirements/test.txt $(VENV)/.runtime
	$(PIP) --require-hashes -r requirements/test.txt
	@touch $@

debian-packages: .debian/.unpacked
	@$(call need,$(TEST_PACKAGES))

.debian/.unpacked: tests/debian-unpacked.txt
	@echo "Unpacking Debian packages: $(UNPACKED_PACKAGES)"
	@rm -rf .debian && mkdir -p .debian/archives
	@cd .debian/archives && fetch="apt-get -qq -o APT::Sandbox::User=root download $(UNPACKED_PACKAGES)" && \
		{ $$fetch 2>/dev/null || { apt-get -qq update && $$fetch; }; }
	@for archive in .debian/archives/*.deb; do \
		name=$${archive##*/} && dpkg-deb --extract "$$archive" ".debian/$${name%%_*}" || exit 1; done
	@rm -r .debian/archives && touch $@

define need
installed=$$(dpkg-query -W -f='$${db:Status-Abbrev}\n' $(1) 2>/dev/null | grep -c '^ii'); \
	if [ "$$installed" != $(words $(1)) ]; then $(call install,$(1)); fi
endef

# Servers that tests need must not start by themselves: Debian asks policy-rc.d before it starts one.
define install
( set -e; echo "Installing Debian packages: $(1)"; \
	if [ "$$(id -u)" != 0 ]; then echo "run this once as root: apt-get install $(1)" >&2; exit 1; fi; \
	if [ ! -e /usr/sbin/policy-rc.d ]; then printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; \
		chmod 755 /usr/sbin/policy-rc.d; trap 'rm -f /usr/sbin/policy-rc.d' EXIT; fi; \
	apt-get -qq update; \
	DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-upgrade --no-install-recommends $(1) >/dev/null )
endef

.PHONY: help assess test test-windows slow dep-oracles lint bench bpf lock clean debian-packages
