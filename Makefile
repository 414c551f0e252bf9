# Every command here uses the same build tags, so that one build cache serves all.
# nomsgpack drops a codec of gin that nothing here speaks (6 MB).
TAGS         := -tags=nomsgpack
GO           ?= go
PKG          ?= ./...
LINT_VERSION := v2.13.1
VULN_VERSION := v1.9.0

# The linter: our own copy if `make tools` made one, else one on the machine.
GOLANGCI := $(firstword $(wildcard bin/golangci-lint) $(wildcard $(shell $(GO) env GOPATH)/bin/golangci-lint) golangci-lint)

.DEFAULT_GOAL := help
.PHONY: help demo run build test test-mysql lint lint-ready fmt fix golden schema bench check vuln tools clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## play the demo town in the browser (ARGS="--fresh --port 9000")
	./bin/guiyi demo $(ARGS)

run: demo ## the same as demo

build: ## build bin/guiyi
	$(GO) build $(TAGS) -o bin/guiyi ./cmd/guiyi

test: ## all tests, with race detector and in random order (PKG=./domain/... for some)
	@GO='$(GO)' TAGS='$(TAGS)' .ci/test $(PKG)

test-mysql: ## the storage tests on the second engine (needs TEST_MYSQL_DSN)
	@test -n "$$TEST_MYSQL_DSN" || { echo 'set TEST_MYSQL_DSN=user:password@tcp(127.0.0.1:3306)/ of a user who may create databases' >&2; exit 1; }
	$(GO) test $(TAGS) -race -shuffle=on ./repository/... ./service/... ./jobs/...

lint: lint-ready ## golangci-lint, formatting included
	$(GOLANGCI) run

lint-ready:
	@$(GOLANGCI) version 2>/dev/null | grep -q 'version $(LINT_VERSION:v%=%) ' || { echo 'golangci-lint $(LINT_VERSION) is missing: make tools' >&2; exit 1; }

fmt: lint-ready ## format the code (gofumpt, goimports)
	$(GOLANGCI) fmt

fix: lint-ready ## let the linter mend what it can; read the diff before you commit
	$(GOLANGCI) run --fix

golden: ## write golden files and the README's option table anew; read the diff before you commit
	grep -rl --include='*_test.go' 'flag.Bool("update"' . | xargs -r -n1 dirname | sort -u | xargs -r -I{} $(GO) test $(TAGS) {} -update

schema: ## begin the next schema change (NAME=add_something)
	@test -n '$(NAME)' || { echo 'usage: make schema NAME=add_something' >&2; exit 1; }
	@last=$$(ls repository/schema | sed -n 's/^\([0-9]\{4\}\)_.*\.sql$$/\1/p' | sort | tail -n 1); \
	file=repository/schema/$$(printf '%04d' $$(expr 0$$last + 1))_$(NAME).sql; \
	printf -- '-- +goose Up\n\n-- +goose Down\n' > "$$file" && echo "$$file"

bench: ## measure (ARGS="--json")
	$(GO) run $(TAGS) ./cmd/bench $(ARGS)

check: ## what must be green before a commit: tidy, vet, lint with formatting, test
	$(GO) mod tidy -diff
	$(GO) vet $(TAGS) ./...
	$(MAKE) --no-print-directory lint
	$(MAKE) --no-print-directory test

vuln: ## known faults in dependencies (needs the network)
	$(GO) run golang.org/x/vuln/cmd/govulncheck@$(VULN_VERSION) $(TAGS) ./...

tools: ## install the linter at the pinned version into bin/
	GOBIN='$(CURDIR)/bin' $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)

clean: ## remove what was built; the demo's data stays
	rm -rf bin dist
