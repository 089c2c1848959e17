#!/bin/sh
# Builds the guest programs that are checked in as ELF files, into the folder given (default: beside their sources).
#   tools/guests/build.sh [OUTPUT]
# Needs: apt-get install gcc-powerpc-linux-gnu. The checked-in files come from Debian 12's gcc 12.2.0 and binutils 2.40.
set -eu
here=$(dirname "$0")
output=${1:-$here}
prefix=powerpc-linux-gnu-

flags="-mcpu=8548 -msoft-float -mno-string -G 0 -O2 -std=gnu11 -ffreestanding -fno-pic -fno-pie -fno-common
  -fno-stack-protector -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns -Wall -Wextra -Werror"
link="-nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,max-page-size=4096 -Wl,--strip-all"

# build FOLDER/NAME SOURCE...
build() {
  elf=$1
  shift
  mkdir -p "$output/$(dirname "$elf")"
  (cd "$here" && ${prefix}gcc $flags $link -T runtime/link.ld -o "$work/out.elf" runtime/start.S runtime/board.c "$@")
  cp "$work/out.elf" "$output/$elf.elf"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build demo/demo demo/demo.c
for workload in integer memory calls muldiv mmio; do
  build bench/$workload bench/bench.c bench/$workload.c
done
build bench/exceptions bench/bench.c bench/exceptions.c bench/exceptions.S
build torture/torture torture/torture.c torture/locks.c torture/queue.c torture/interrupts.c torture/code.c torture/translation.c torture/translation.S
