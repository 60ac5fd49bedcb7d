# What CI runs; `just` lists the recipes.

default:
    @just --list

# Everything CI checks, in its order.
ci: format lint deny test docs fuzz features

# Formatting.
format:
    cargo fmt --check

# Clippy, warnings denied.
lint:
    cargo clippy --all-targets --locked -- -D warnings

# Licences, bans and sources of every dependency.
deny:
    cargo deny --log-level error check licenses bans sources

# The README's test command.
test:
    cargo test --locked

# The documentation of the code.
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --locked

# The fuzz targets still fit what they fuzz; `fuzz/run.sh` runs them.
fuzz:
    RUSTC_WORKSPACE_WRAPPER="$PWD/fuzz/instrument" cargo check --locked --package quarterday-fuzz --bins

# The features that outgrow one machine.
features:
    cargo clippy --locked --features cloud -- -D warnings
    cargo clippy --locked --features cluster -- -D warnings

# What to run before a commit.
check: format lint test
