#!/bin/sh
# Makes $VENV (default .venv) ready and says so in a line or two: `venv.sh run` installs the programs,
# `venv.sh dev` what tests and checks need as well. Called by the Makefile, which knows when that is due.
set -eu

venv=${VENV:-.venv}
kind=$1

say() { printf 'chatops: %s\n' "$*"; }

fits() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

makes_venvs() {
    "$1" -c 'import ensurepip, venv' >/dev/null 2>&1
}

# Prints the Python to use. $PYTHON, when given, is the only candidate: whoever names one means it.
find_python() {
    old='' bare=''
    for name in ${PYTHON:-python3 python3.13 python3.12 python3.11 python}; do
        path=$(command -v "$name") || continue
        if ! fits "$path"; then
            old="$old $path"
        elif ! makes_venvs "$path"; then
            bare="$bare $path"
        else
            printf '%s\n' "$path"
            return
        fi
    done
    if [ -n "$bare" ]; then
        say "$bare cannot make virtual environments (on Debian and Ubuntu: apt install python3-venv)." >&2
    elif [ -n "$old" ]; then
        say "needs Python 3.11 or newer; found only:$old. Another one: make PYTHON=/path/to/python3.12" >&2
    else
        say "needs Python 3.11 or newer; ${PYTHON:-python3} was not found." >&2
    fi
    return 1
}

# A virtual environment that was moved, or whose Python was removed, cannot be mended, only made again.
usable() {
    fits "$venv/bin/python" && "$venv/bin/python" -m pip --version >/dev/null 2>&1 &&
        [ "$(cat "$venv/.place" 2>/dev/null || pwd -P)" = "$(pwd -P)" ]
}

began=$(date +%s)
if ! usable; then
    python=$(find_python)
    say "setting up $venv with $("$python" --version) (once) ..."
    "$python" -m venv --clear "$venv"
fi
case $kind in
run) what=. note='packages' ;;
dev) what='.[dev]' note='packages, with those for tests and checks' ;;
*) say "usage: venv.sh run|dev" >&2 && exit 2 ;;
esac
say "installing $note ..."
# Not compiled here: what a program imports is compiled at its first start, the rest never.
"$venv/bin/python" -m pip install --quiet --quiet --disable-pip-version-check --no-compile \
    --constraint requirements.lock --editable "$what"
say "ready after $(($(date +%s) - began)) s."
pwd -P >"$venv/.place"
touch "$venv/.ready-run" "$venv/.ready-$kind"
