run := "uv run --isolated --no-project --with-requirements requirements.lock --with-editable ."

# Checks and tests, as CI runs them.
default: check test

check:
    {{run}} ruff check .
    {{run}} ruff format --check .
    {{run}} basedpyright

test *args:
    {{run}} pytest {{args}}

# Only what needs no machine.
quick:
    {{run}} pytest tests/unit tests/project

# Pins every dependency anew; the file names no index.
lock:
    uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-header --upgrade -q -o requirements.lock

# Writes the tables of rules, measures, methods, variants and levels into the documents.
tables:
    {{run}} python tests/project/tables.py

# The machine's image, as Inspect's docker provider builds it.
image:
    docker compose -f sandbox/offswitch_sandbox/compose.yaml build
