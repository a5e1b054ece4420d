# Sourced by scripts/test: Chromium without a window, in which tests open reports.
#
#   install_browser    # installs it from the system's packages: as root, on Debian, where it is missing
#
# Anywhere else, and where that fails, nothing is done: these tests skip, and say what they need.

install_browser() {
  command -v chromedriver >/dev/null && return 0
  [ "$(id -u)" = 0 ] && grep -qs '^ID=debian' "${OS_RELEASE:-/etc/os-release}" || return 0
  echo "Installing chromium and chromium-driver from Debian's packages, for the tests of reports."
  quick="-o Acquire::Retries=1 -o Acquire::http::Timeout=15 -o DPkg::Lock::Timeout=60"
  {
    timeout 120 apt-get $quick -qq update &&
      DEBIAN_FRONTEND=noninteractive timeout 600 apt-get $quick -qq install -y --no-install-recommends \
        chromium chromium-driver
  } >/dev/null 2>&1 || echo "They could not be installed: the tests of reports in a browser will be skipped." >&2
  return 0
}
