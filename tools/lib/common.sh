# What the scripts in tools/ share: messages, Debian packages, the Swift toolchain, builds.
# Sourced by them; not a program.
# shellcheck shell=bash disable=SC2034 # what is set here is used by the scripts
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# Some build machines preset OpenBLAS' kernels; it would then not choose those of the processor.
unset OPENBLAS_CORETYPE

say() { printf '==> %s\n' "$*" >&2; }
fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# The opening comment of the script itself is its help.
usage() { awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"; }

# Runs a command as root, through sudo where that is needed.
as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "this needs root and there is no sudo: run as root: $*"
  fi
}

package_is_installed() {
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# Installs the Debian packages that are missing. A name may offer alternatives, as releases name
# them differently: "libdnnl2|libdnnl3" is the first that is installed or available.
need_packages() {
  command -v dpkg-query >/dev/null || fail "only Debian's packages are known here; install what \
these names stand for by hand and use swift build: $*"
  local wanted missing=() chosen=()
  for wanted in "$@"; do any_package installed "$wanted" >/dev/null || missing+=("$wanted"); done
  [[ ${#missing[@]} -gt 0 ]] || return 0
  say "installing Debian packages: ${missing[*]}"
  as_root apt-get update -q >&2 || say "apt-get update failed; trying with the lists that are there"
  for wanted in "${missing[@]}"; do
    chosen+=("$(any_package available "$wanted")") ||
      fail "no Debian package $wanted is available; look at /etc/apt/sources.list.d"
  done
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -qy --no-install-recommends "${chosen[@]}" >&2 ||
    fail "apt-get could not install ${chosen[*]}"
}

# The first of "NAME|NAME…" that is installed, or available in the package lists.
any_package() {
  local state=$1 name names
  IFS='|' read -ra names <<<"$2"
  for name in "${names[@]}"; do
    case $state in
      installed) package_is_installed "$name" || continue ;;
      available) [[ -n $(apt-cache madison "$name" 2>/dev/null) ]] || continue ;;
    esac
    echo "$name"
    return 0
  done
  return 1
}

# What CleanSight links and what Swift's compiler needs beside itself.
build_packages=(libdnnl-dev libopenblas-dev libjpeg-dev libv4l-dev
  binutils gcc libc6-dev libstdc++-12-dev\|libstdc++-14-dev\|libstdc++-dev zlib1g-dev pkg-config
  ca-certificates git tzdata libcurl4\|libcurl4t64 libxml2-dev libedit2 libsqlite3-0 libncurses6)

# What the binaries load; everything of Swift is linked into them.
runtime_packages=(libdnnl2\|libdnnl3\|libdnnl3.6 libopenblas0 libjpeg62-turbo
  libv4l-0\|libv4l-0t64 libgomp1 libstdc++6 zlib1g libxml2\|libxml2-16 ca-certificates)

# What the virtual machines of tools/test-vm are made with; the second list for User-Mode Linux.
machine_packages=(mmdebstrap e2fsprogs kmod passwd gcc libc6-dev jq binutils)
uml_packages=(flex bison bc libelf-dev make xz-utils)

swift_version=6.3.1
# "Swift 6.x Release Signing Key <swift-infrastructure@forums.swift.org>"
swift_key=52BB7E3DE28A71BE22EC05FFEF80A866B47A981F

# Whether a swift is 6.2 or later.
swift_is_recent() {
  local version
  version=$("$1" --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+\.[0-9]+).*/\1/p' |
    head -1)
  [[ -n $version ]] && dpkg --compare-versions "$version" ge 6.2
}

# Puts a Swift 6.2 or later at the front of PATH: the one there, /opt/swift, or swift.org's.
need_swift() {
  local own=${XDG_DATA_HOME:-$HOME/.local/share}/swift-$swift_version folder
  for folder in "$(dirname "$(command -v swift || echo /none/swift)")" /opt/swift/usr/bin \
    "$own/usr/bin"; do
    if [[ -x $folder/swift ]] && swift_is_recent "$folder/swift"; then
      PATH=$folder:$PATH
      return 0
    fi
  done
  download_swift "$own"
  PATH=$own/usr/bin:$PATH
  swift_is_recent "$own/usr/bin/swift" || fail "the toolchain in $own does not run"
}

# Installs swift.org's toolchain into a folder of the user, after a check of its signature.
download_swift() {
  local destination=$1 suffix='' work name keys=https://www.swift.org/keys/all-keys.asc
  case $(dpkg --print-architecture) in
    amd64) ;;
    arm64) suffix=-aarch64 ;;
    *) fail "swift.org has no toolchain for $(dpkg --print-architecture)" ;;
  esac
  # shellcheck source=/dev/null
  [[ $(. /etc/os-release && echo "$ID$VERSION_ID") == debian12 ]] ||
    fail "no Swift 6.2 or later found; put one into PATH (only Debian 12's is downloaded here)"
  need_packages curl gpg
  say "downloading Swift $swift_version from swift.org into $destination (about 1 GB)"
  mkdir -p "$(dirname "$destination")"
  work=$(mktemp -d "$destination.XXXXXX")
  name=swift-$swift_version-RELEASE
  local address=https://download.swift.org/swift-$swift_version-release/debian12$suffix/$name/$name
  address+=-debian12$suffix.tar.gz
  if ! { curl -fL --retry 3 -o "$work/swift.tar.gz" "$address" &&
    curl -fsSL --retry 3 -o "$work/swift.tar.gz.sig" "$address.sig" &&
    curl -fsSL --retry 3 -o "$work/keys.asc" "$keys"; }; then
    rm -rf "$work"
    fail "could not download $address; install Swift $swift_version by hand and put it into PATH"
  fi
  mkdir -m 700 "$work/gnupg"
  gpg --homedir "$work/gnupg" --batch --quiet --import "$work/keys.asc" 2>/dev/null || true
  # VALIDSIG ends with the fingerprint of the primary key. It stands there too for a signature that
  # was made before the key expired.
  if ! gpg --homedir "$work/gnupg" --batch --status-fd 1 --verify "$work/swift.tar.gz.sig" \
    "$work/swift.tar.gz" 2>/dev/null | grep -q "^\[GNUPG:\] VALIDSIG .*$swift_key\$"; then
    rm -rf "$work"
    fail "the signature of $address is not by Swift's release key $swift_key; nothing was installed"
  fi
  mkdir "$work/root"
  tar -xzf "$work/swift.tar.gz" -C "$work/root" --strip-components=1
  rm -rf "$destination"
  mv "$work/root" "$destination"
  rm -rf "$work"
}

# Builds the release binaries with Swift's libraries linked in, and sets `binaries` to their folder.
build_release() {
  cd "$repository"
  say "building (the first time takes several minutes)"
  swift build -c release --static-swift-stdlib "$@" >&2 || fail "the build failed, see above"
  binaries=$(swift build -c release --static-swift-stdlib --show-bin-path)
}
