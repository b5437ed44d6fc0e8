# Everything is built for one target with a static C library, so that `slipway-agent` starts in any
# Linux container and tests run the binaries that ship.
TARGET := $(shell rustc -vV | sed -n 's/^host: //p')
export CARGO_BUILD_TARGET := $(TARGET)
export RUSTFLAGS := -C target-feature=+crt-static
RELEASE := target/$(TARGET)/release

.DEFAULT_GOAL := help
.PHONY: help build demo test unit lint fmt bench fuzz schemathesis chaos setup clean

help: ## Show what can be made
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

# Each by itself: built together, the agent gets what only the control plane wants of the libraries they share.
build: ## Build both programs (release, static) into target/
	cargo build --release --locked -p slipway-agent
	cargo build --release --locked -p slipway

demo: build ## Ship the bundled Vite project to a live local URL
	$(RELEASE)/slipway up tests/fixtures/vite-react

setup: ## Install what the tests need (Debian packages, cargo-nextest)
	.ci/setup

test: setup ## Install what the tests need and run all of them
	cargo build --locked --workspace --bins
	cargo nextest run --locked --workspace

unit: ## Run only the tests that start no program
	cargo nextest run --locked --workspace --lib

lint: ## Check format, clippy and dependencies
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

clean: ## Remove what was built
	cargo clean
