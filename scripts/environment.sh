# Sourced by the other scripts: the project's Python environment, in .venv at the repository's root.
#
#   . "$(dirname "$0")/environment.sh"
#   use_environment EXTRA    # quickstart or dev: what pyproject.toml lists under that name
#
# Afterwards ROOT is the repository's root and the current folder, and PYTHON is the environment's interpreter.
# A .venv that holds everything already is taken as it is: no network, no pip. Written for bash 3.2 (macOS) and later.

PYTHONS="python3.13 python3.12 python3.11 python3 python"
NEW_ENOUGH='import sys; sys.exit(sys.version_info < (3, 11))'

use_environment() {
  unset VIRTUAL_ENV PYTHONPATH PYTHONHOME CDPATH
  ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
  PYTHON=$ROOT/.venv/bin/python
  cd "$ROOT" || return 1
  [ -e "$PYTHON" ] || [ -L "$PYTHON" ] || make_environment || exit 1
  "$PYTHON" -I -c "$NEW_ENOUGH" || {
    complain "$ROOT/.venv holds no working Python 3.11 or newer. Remove that folder and run this again."
    exit 1
  }
  "$PYTHON" -I scripts/missing_requirements.py "$1" >/dev/null || install_requirements "$1" || exit 1
}

make_environment() {
  for candidate in $PYTHONS; do
    # Debian's python3 comes without venv and ensurepip, pyenv's names may stand for nothing: so each is tried.
    if "$candidate" -I -c "import ensurepip, venv; $NEW_ENOUGH" >/dev/null 2>&1; then
      "$candidate" -m venv .venv
      return
    fi
  done
  complain "gansr needs Python 3.11 or newer with its venv module, and none of these is one: $PYTHONS." \
    "Install it (Debian: apt install python3-venv, macOS: brew install python@3.13) and run this again."
  return 1
}

install_requirements() {
  echo "Installing gansr and what it needs into .venv: a few minutes the first time (PyTorch is large)."
  "$PYTHON" -m pip --version >/dev/null 2>&1 || "$PYTHON" -m ensurepip >/dev/null  # uv makes .venv without pip
  "$PYTHON" -m pip install --quiet --quiet --disable-pip-version-check --editable ".[$1]" || {
    complain "pip could not install what gansr needs; its reason is above. It takes a connection to the" \
      "internet and, on Linux with CUDA, about 6 GB of disk. Run this again to go on."
    return 1
  }
}

complain() {
  echo "Error: $*" >&2
}
