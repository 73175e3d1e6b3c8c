#!/usr/bin/env bash
# Runs the tests in a browser: run.sh PYTHON [pytest's options].
#
# What is missing is installed first: Chromium and a Chinese font with apt-get (as root only), the live page and
# Playwright with pip. Where they cannot be had, on a machine without a network for one, this is said in one line and
# nothing fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
python=$1
shift

left_out() {
    echo "browser tests left out: $1"
    exit 0
}

has_browser() {
    command -v chromium || command -v chromium-browser || command -v google-chrome
}

has_chinese() {
    command -v fc-list && [ -n "$(fc-list :lang=zh)" ]
}

# Fetching may be cut off at any time without harm; what is fetched is then installed without the network.
install() {
    export DEBIAN_FRONTEND=noninteractive
    timeout -k 5 60 apt-get update -qq &&
        timeout -k 5 110 apt-get install -qq -y --no-install-recommends --download-only "$@" &&
        timeout -k 5 120 apt-get install -qq -y --no-install-recommends --no-download "$@"
}

if ! { has_browser && has_chinese; } >/dev/null 2>&1 && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Chromium and a Chinese font (at most five minutes) ..." >&2
    install chromium fonts-noto-cjk fontconfig >/dev/null 2>&1 || true
fi
has_browser >/dev/null 2>&1 || left_out "there is no Chromium, and none could be installed"
if ! "$python" -c 'import playwright.sync_api, streamlit' >/dev/null 2>&1; then
    timeout -k 5 180 "$python" -m pip install -qq -c constraints.txt -e '.[dashboard,browser]' >/dev/null 2>&1 ||
        left_out "Streamlit and Playwright are not installed, and pip could not install them"
fi
exec "$python" -m pytest tests/browser "$@"
