#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs what `make build` left, stripped, with completions for bash, zsh and fish; or removes it.
#
#   PREFIX=/usr/local DESTDIR= scripts/install.sh install|uninstall

set -euo pipefail
cd "$(dirname "$0")/.."

readonly binary=.build/release/vivace
readonly root="${DESTDIR:-}${PREFIX:-/usr/local}"
readonly bash_completion="$root/share/bash-completion/completions/vivace"
readonly zsh_completion="$root/share/zsh/site-functions/_vivace"
readonly fish_completion="$root/share/fish/vendor_completions.d/vivace.fish"

install_completion() { # SHELL FILE
  "$binary" --generate-completion-script "$1" >"$scratch/completion"
  install -D -m 644 "$scratch/completion" "$2"
}

case "${1:-}" in
install)
  # Not built here: who installs is often root, and a build of root's is in the way of everybody else's.
  [[ -x $binary ]] || { echo "there is no $binary: run \`make build\` first" >&2; exit 1; }
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  install -D -m 755 -s "$binary" "$root/bin/vivace"
  install_completion bash "$bash_completion"
  install_completion zsh "$zsh_completion"
  install_completion fish "$fish_completion"
  echo "installed $root/bin/vivace and its completions"
  ;;
uninstall)
  rm -f "$root/bin/vivace" "$bash_completion" "$zsh_completion" "$fish_completion"
  echo "removed $root/bin/vivace and its completions"
  ;;
*)
  echo "usage: scripts/install.sh install|uninstall" >&2
  exit 64
  ;;
esac
