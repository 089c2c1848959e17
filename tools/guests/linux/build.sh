#!/bin/sh
# Builds the Linux guest: an unmodified kernel of Debian's linux-source-6.1 for e500v2, and an initramfs of Debian's busybox and the init
# beside this script. 'sim guests install linux' runs it; by hand:
#   tools/guests/linux/build.sh WORK OUTPUT
# WORK keeps what is done, so that an interrupted build goes on where it stopped. OUTPUT gets uImage, vmlinux, initramfs.cpio.gz and the
# line `origin`. The same packages, compiler and recipe give the same bytes: no date, user, host or path of the build is in them.
# Prints a line per step; a failure is one sentence on standard error. Needs no root; installs nothing but into the two folders.
set -eu
[ $# = 2 ] || { echo "usage: $0 WORK OUTPUT" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1" "$2"
work=$(cd "$1" && pwd)
output=$(cd "$2" && pwd)
export LC_ALL=C TZ=UTC
umask 022
cross=powerpc-linux-gnu-
kernel_package=linux-source-6.1
child=
trap '[ -z "$child" ] || kill "$child" 2>/dev/null; exit 130' INT TERM

say() {
  echo "$*"
}

fail() {
  echo "$*" >&2
  exit 1
}

# stage NAME KEY COMMAND...: runs the command unless it was done before with the same key. The subshell keeps the stages in it apart.
stage() {
  if [ "$(cat "$work/$1.stamp" 2>/dev/null)" = "$2" ]; then
    return
  fi
  name=$1 key=$2
  shift 2
  rm -f "$work/$name.stamp"
  ("$@")
  printf '%s\n' "$key" >"$work/$name.stamp.new"
  mv "$work/$name.stamp.new" "$work/$name.stamp"
}

# logged WHAT LINES COMMAND...: the command's output goes to a log, whose length beside LINES, that of a whole run, tells how far it is.
# Without LINES (0) it is over in a moment.
logged() {
  what=$1 lines=$2
  shift 2
  log=$work/$(echo "${what#the }" | tr ' ' '-').log
  "$@" >"$log" 2>&1 </dev/null &
  child=$!
  shown=0
  while kill -0 "$child" 2>/dev/null; do
    sleep 1
    [ "$lines" -gt 0 ] || continue
    percent=$(($(wc -l <"$log") * 100 / lines / 10 * 10))
    if [ "$percent" -gt "$shown" ] && [ "$percent" -lt 100 ]; then
      shown=$percent
      say "building $what: about $percent % done"
    fi
  done
  finished=0
  wait "$child" || finished=$?
  child=
  [ "$finished" = 0 ] || fail "Building $what failed: $(complaint "$log") (the whole log is $log)."
}

# The line of a log that most likely tells what was wrong: the first error, else the last line.
complaint() {
  { grep -m 1 -E '^E: |(^| )(fatal )?error: |\*\*\* ' "$1" || tail -n 1 "$1"; } | cut -c 1-200 | sed 's/[. ]*$//'
}

# Every program that is missing, with the package that has it, in one sentence.
check_programs() {
  missing=
  while read -r program package; do
    command -v "$program" >/dev/null || missing="$missing $package"
  done <<END
${cross}gcc gcc-powerpc-linux-gnu
${cross}ld binutils-powerpc-linux-gnu
gcc gcc
make make
flex flex
bison bison
bc bc
perl perl
mkimage u-boot-tools
dpkg-source dpkg-dev
patch patch
xz xz-utils
bzip2 bzip2
apt-get apt
END
  command -v ${cross}gcc >/dev/null && [ "$(${cross}gcc -print-file-name=libc.a)" = libc.a ] && missing="$missing libc6-dev-powerpc-cross"
  command -v gcc >/dev/null && ! echo '#include <stdio.h>' | gcc -E - >/dev/null 2>&1 && missing="$missing libc6-dev"
  [ -z "$missing" ] || fail "The build needs programs that are not installed: sudo apt-get install -y --no-install-recommends$missing"
}

# An apt of our own: the host's sources and keys, but index, cache and source packages here, so that it needs no root and no recent index.
private_apt() {
  apt-get -qq -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$work/apt/sources" -o Dir::State::Lists="$work/apt/lists" \
    -o Dir::Cache="$work/apt/cache" -o APT::Sandbox::User= "$@"
}

update_index() {
  say "fetching the package index"
  rm -rf "$work/apt"
  mkdir -p "$work/apt/sources" "$work/apt/lists/partial" "$work/apt/cache/archives/partial"
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
    [ -f "$file" ] || continue
    case $file in
      *.sources) sed 's/^Types:.*/Types: deb deb-src/' "$file" ;;
      *.list) sed -n -E 's/^deb(-src)?[[:space:]](.*)/deb \2\ndeb-src \2/p' "$file" | awk '!seen[$0]++' ;;
    esac >"$work/apt/sources/$(basename "$file")"
  done
  # Somebody else's source may fail here; what matters is whether the two packages can be had afterwards.
  private_apt update >"$work/apt/log" 2>&1 || true
}

# A package file appears under its name only when it is whole: apt has checked it against the signed index.
fetch_kernel() {
  rm -rf "$work/linux-package"
  stage index "$(date -u +%F)" update_index
  say "downloading $kernel_package (140 MB)"
  mkdir "$work/linux-package"
  (cd "$work/linux-package" && private_apt download "$kernel_package" >"$work/apt/log" 2>&1) ||
    fail "apt cannot download $kernel_package, which Debian 12 has: $(complaint "$work/apt/log")."
}

fetch_busybox() {
  rm -rf "$work/busybox-package"
  stage index "$(date -u +%F)" update_index
  say "downloading the source package busybox (3 MB)"
  mkdir "$work/busybox-package"
  (cd "$work/busybox-package" && private_apt source --download-only busybox >"$work/apt/log" 2>&1) ||
    fail "apt cannot download the source package busybox: $(complaint "$work/apt/log")."
}

unpack_kernel() {
  say "unpacking $kernel_package"
  rm -rf "$work/linux"
  mkdir "$work/linux"
  dpkg-deb --fsys-tarfile "$work/linux-package/"*.deb | tar -x -O -f - "./usr/src/$kernel_package.tar.xz" | tar -x -J -f - -C "$work/linux" --strip-components=1
}

unpack_busybox() {
  rm -rf "$work/busybox"
  dpkg-source --no-copy --no-check -x "$work/busybox-package/"*.dsc "$work/busybox" >"$work/busybox-unpack.log" 2>&1 ||
    fail "The source package busybox cannot be unpacked: $(complaint "$work/busybox-unpack.log")."
}

# The moment that stands in the results instead of the build's own: when the source package was made.
kernel_epoch() {
  dpkg-deb --fsys-tarfile "$work/linux-package/"*.deb | tar -t -v --full-time -f - "./usr/src/$kernel_package.tar.xz" |
    awk '{ print $4 "T" $5 "Z" }' | date -u -f - +%s
}

make_kernel() {
  SOURCE_DATE_EPOCH=$(kernel_epoch)
  KBUILD_BUILD_TIMESTAMP=$(date -u -d "@$SOURCE_DATE_EPOCH")
  export SOURCE_DATE_EPOCH KBUILD_BUILD_TIMESTAMP KBUILD_BUILD_USER=sim KBUILD_BUILD_HOST=sim KBUILD_BUILD_VERSION=1
  make -C "$work/linux" ARCH=powerpc CROSS_COMPILE=$cross "$@"
}

build_kernel() {
  stage linux-package "$1" fetch_kernel
  stage linux-tree "$1" unpack_kernel
  say "configuring the kernel"
  logged "the kernel configuration" 0 make_kernel KCONFIG_ALLCONFIG="$here/linux-e500v2.config" allnoconfig
  say "building the kernel: some minutes"
  logged "the kernel" 1520 make_kernel -j"$(nproc)" uImage vmlinux
  rm -rf "$work/kernel"
  mkdir "$work/kernel"
  cp "$work/linux/arch/powerpc/boot/uImage" "$work/linux/vmlinux" "$work/linux/usr/gen_init_cpio" "$work/kernel"
  kernel_epoch >"$work/kernel/epoch"
  dpkg-deb -f "$work/linux-package/"*.deb Version >"$work/kernel/version"
}

make_busybox() {
  make -C "$work/busybox" ARCH=powerpc CROSS_COMPILE=$cross "$@"
}

build_busybox() {
  stage busybox-package "$1" fetch_busybox
  stage busybox-tree "$1" unpack_busybox
  say "building busybox"
  export SOURCE_DATE_EPOCH=0 KCONFIG_NOTIMESTAMP=1
  logged "the busybox configuration" 0 make_busybox defconfig
  # tc does not compile with the headers of newer kernels.
  sed -i -e 's/^# CONFIG_STATIC is not set/CONFIG_STATIC=y/' -e 's/^CONFIG_TC=y/# CONFIG_TC is not set/' "$work/busybox/.config"
  logged "the busybox configuration" 0 make_busybox oldconfig
  logged busybox 1140 make_busybox -j"$(nproc)" busybox busybox.links
  rm -rf "$work/static-busybox"
  mkdir "$work/static-busybox"
  cp "$work/busybox/busybox" "$work/busybox/busybox.links" "$work/static-busybox"
  sed -n 's/^Version: //p' "$work/busybox-package/"*.dsc | head -n 1 >"$work/static-busybox/version"
}

# What gen_init_cpio reads: order, owners and modes are fixed here; device nodes need no root.
initramfs_list() {
  for directory in /bin /sbin /usr /usr/bin /usr/sbin /dev /proc /sys /root; do
    echo "dir $directory 755 0 0"
  done
  echo "dir /tmp 1777 0 0"
  echo "nod /dev/console 600 0 0 c 5 1"
  echo "file /init $work/initramfs/init 755 0 0"
  echo "file /bin/busybox $work/initramfs/busybox 755 0 0"
  sort "$work/static-busybox/busybox.links" | sed -E 's,.*,slink & /bin/busybox 777 0 0,'
}

build_initramfs() {
  say "packing the initramfs"
  rm -rf "$work/initramfs"
  mkdir "$work/initramfs"
  cp "$here/init" "$work/static-busybox/busybox" "$work/initramfs"
  touch -d "@$(cat "$work/kernel/epoch")" "$work/initramfs/"*
  initramfs_list >"$work/initramfs/list"
  "$work/kernel/gen_init_cpio" -t "$(cat "$work/kernel/epoch")" "$work/initramfs/list" >"$work/initramfs/initramfs.cpio"
  gzip -n -9 "$work/initramfs/initramfs.cpio"
}

hash_of() {
  cat "$@" | sha256sum | cut -c 1-16
}

check_programs
compiler=$(${cross}gcc -dumpfullversion)
recipe=$(hash_of "$here/build.sh")
kernel_key="$recipe $compiler $(hash_of "$here/linux-e500v2.config")"
busybox_key="$recipe $compiler"
stage kernel "$kernel_key" build_kernel "$recipe"
stage busybox "$busybox_key" build_busybox "$recipe"
stage initramfs "$kernel_key $busybox_key $(hash_of "$here/init")" build_initramfs
# Only now: while one of them was missing, an interrupted build would have needed it.
rm -rf "$work/linux" "$work/linux-tree.stamp" "$work/linux-package" "$work/linux-package.stamp" "$work/apt" "$work/index.stamp" \
  "$work/busybox" "$work/busybox-tree.stamp" "$work/busybox-package" "$work/busybox-package.stamp"
cp "$work/kernel/uImage" "$work/kernel/vmlinux" "$work/initramfs/initramfs.cpio.gz" "$output"
printf '%s %s, busybox %s, gcc %s, recipe %s\n' $kernel_package "$(cat "$work/kernel/version")" "$(cat "$work/static-busybox/version")" \
  "$compiler" "$(hash_of "$here/build.sh" "$here/linux-e500v2.config" "$here/init")" >"$output/origin"
say "built $(cat "$output/origin")"
