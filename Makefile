# Everything is built for one target with a static C library, so that `slipway-agent` starts in any
# Linux container and tests run the binaries that ship.
TARGET := $(shell rustc -vV | sed -n 's/^host: //p')
export CARGO_BUILD_TARGET := $(TARGET)
export RUSTFLAGS := -C target-feature=+crt-static
RELEASE := target/$(TARGET)/release
WEB := control-plane/web

.DEFAULT_GOAL := help
.PHONY: help build ui demo test unit lint fmt bench fuzz schemathesis chaos screenshots setup clean

help: ## Show what can be made
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

# npm leaves this file behind when it has installed what the lockfile says.
$(WEB)/node_modules/.package-lock.json: $(WEB)/package.json $(WEB)/package-lock.json
	cd $(WEB) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

UI_SOURCES := $(shell find $(WEB)/src $(WEB)/public $(WEB)/index.html $(WEB)/*.config.* -type f)

$(WEB)/dist/index.html: $(WEB)/node_modules/.package-lock.json $(UI_SOURCES)
	cd $(WEB) && npm run --silent build

ui: $(WEB)/dist/index.html ## Build the web UI, which is put into `slipway` (needs Node 20.19 or later)

# Each by itself: built together, the agent gets what only the control plane wants of the libraries they share.
build: ui ## Build both programs (release, static) and the web UI into target/
	cargo build --release --locked -p slipway-agent
	SLIPWAY_REQUIRE_UI=1 cargo build --release --locked -p slipway

demo: build ## Ship the bundled Vite project to a live local URL
	$(RELEASE)/slipway up tests/fixtures/vite-react

setup: ## Install what the tests need (Debian packages, cargo-nextest)
	.ci/setup

test: setup ui ## Install what the tests need and run all of them
	cd $(WEB) && npm run --silent size && npm test --silent
	cargo build --locked --workspace --bins
	cargo nextest run --locked --workspace

unit: $(WEB)/node_modules/.package-lock.json ## Run only the tests that start no program
	cd $(WEB) && npm test --silent
	cargo nextest run --locked --workspace --lib

lint: $(WEB)/node_modules/.package-lock.json ## Check format, types, clippy and dependencies
	cd $(WEB) && npm run --silent lint && npm run --silent check
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo deny check bans licenses sources

fmt: ## Format everything
	cargo fmt --all

bench: build ## Print ratios against what you would use instead (needs tar, zip, zstd, npm, hey, python3); PART=detect for one part
	cargo run --release --locked -p slipway-tests --bin bench -- $(RELEASE) $(PART)

fuzz: ## Search for files that bring detection down, for 10 minutes (TIME=seconds; needs cargo-fuzz)
	cd agent && env -u CARGO_BUILD_TARGET -u RUSTFLAGS RUSTC_BOOTSTRAP=1 \
		cargo fuzz run --sanitizer none detect -- -max_total_time=$(or $(TIME),600) -max_len=4096

schemathesis: setup ## Check the API against its document, for 10 minutes (TIME=seconds)
	cargo build --locked --workspace --bins
	SCHEMATHESIS_TIME=$(or $(TIME),600) cargo nextest run --locked -p slipway-tests --no-capture \
		-E 'test(schemathesis)'

chaos: setup ## Kill both programs at every point and break the network between them, for 10 minutes (TIME=seconds)
	cargo build --locked --workspace --bins
	CHAOS_SECONDS=$(or $(TIME),600) cargo nextest run --locked -p slipway-tests --no-capture \
		-E 'test(crashes) + test(network_faults)'

screenshots: ui ## Take pictures of every page in three widths and both themes into control-plane/web/screenshots
	cargo build --locked --workspace --bins
	cd $(WEB) && npm run --silent screenshots

clean: ## Remove what was built
	cargo clean
	rm -rf $(WEB)/node_modules $(WEB)/screenshots $(WEB)/dist/*
