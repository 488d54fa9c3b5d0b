# Every entry calls a script in scripts/; `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help demo psql dsn stop clean build check test bench install uninstall package docs

PG ?= 18
export PG_CONFIG DESTDIR

help: ## list the entries
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

demo: ## build, start a private PostgreSQL 18, load 336,776 flights and query them
	@scripts/demo.sh

psql: ## open a prompt in the demo database
	@scripts/server.sh psql

dsn: ## print the demo database's address
	@scripts/server.sh dsn

stop: ## stop the demo server
	@scripts/server.sh stop

clean: ## stop the demo server and remove everything made in this checkout
	@scripts/clean.sh

build: ## build for PostgreSQL PG (default 18) into build/stage
	@scripts/setup.sh build && scripts/build.sh $(PG)

check: ## formatting, lints and the crates' tests; needs no server
	@scripts/test.sh --tier check

test: ## all tests on PostgreSQL 15 and 18 (ARGS="--tier regress --pg 18" for some)
	@scripts/test.sh $(ARGS)

bench: ## measure size, load time and speed
	@scripts/bench.sh

install: ## install into the server of PG_CONFIG (DESTDIR is honoured)
	@scripts/install.sh install

uninstall: ## remove from the server of PG_CONFIG
	@scripts/install.sh uninstall

package: ## pack the files for the server of PG_CONFIG as build/altlas-*.tar.gz
	@scripts/install.sh package

docs: ## regenerate docs/errors.md and docs/guc.md from a running server
	@scripts/docs.sh
