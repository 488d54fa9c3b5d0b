# Every entry calls a script in scripts/; `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help demo psql dsn stop clean build check test bench bench-gpu soak fuzz install uninstall package docs eval-text eval-classify eval-learn

PG ?= 18
SECONDS ?= 60
export PG_CONFIG DESTDIR

help: ## list the entries
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' Makefile

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

fuzz: ## feed the readers of foreign bytes with made-up input, each for SECONDS (default 60)
	@scripts/fuzz.sh --seconds $(SECONDS)

eval-text: ## figures of the text functions on the public sets, where ALTLAS_DATA has them (ARGS="--only ud_ --peers")
	@scripts/eval_text.sh $(ARGS)

eval-classify: ## train text classifiers on the public sets, where ALTLAS_DATA has them, and print their figures (ARGS="--only hwu")
	@scripts/eval_classify.sh $(ARGS)

eval-learn: ## train models of rows on the public sets, where ALTLAS_DATA has them, and print their figures beside peers' (ARGS="--only nasa")
	@scripts/eval_learn.sh $(ARGS)

bench: ## measure size, load time, and speed beside other ways (ARGS="--only trees" for some)
	@scripts/bench.sh $(ARGS)

soak: ## mixed calls, crashes and cancellations for MINUTES (default 20); every answer is checked
	@scripts/soak.sh $(or $(MINUTES),20) $(SEED)

bench-gpu: ## compare a GPU with the processor, the engine's runtime alone (ARGS="cuda encoder.onnx trees.onnx")
	@scripts/bench/gpu.sh $(ARGS)

install: ## install into the server of PG_CONFIG (DESTDIR is honoured)
	@scripts/install.sh install

uninstall: ## remove from the server of PG_CONFIG
	@scripts/install.sh uninstall

package: ## pack the files for the server of PG_CONFIG as build/altlas-*.tar.gz
	@scripts/install.sh package

docs: ## regenerate docs/errors.md and docs/guc.md from a running server
	@scripts/docs.sh
