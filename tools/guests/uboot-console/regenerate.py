#!/usr/bin/env python3
"""Types commands at a U-Boot prompt under QEMU and keeps, byte for byte, what the UART printed.

    tools/guests/uboot-console/regenerate.py [SESSION...]

A session is a pair of files in tests/Sim.Tests/Boards/data: SESSION-commands.txt has one command a line, SESSION-expected.txt is
written here. A command is typed when U-Boot has printed its prompt "=> ", and ends with a carriage return. The console begins with
the first byte after power-on and ends where QEMU ends (the last command is poweroff) or, in sessions that end in a trap, with
U-Boot's last words. QEMU's virtual time follows the instruction count and its RTC starts on a fixed date, so the text is the same
on every host, but for the seconds in the lines that begin with "Date:", because U-Boot polls while it waits for a key.
Needs the Debian packages qemu-system-ppc and u-boot-qemu.
"""
import os
import select
import subprocess
import sys

QEMU = ("qemu-system-ppc -M ppce500 -m 256 -nic none -display none -monitor none -serial stdio "
        "-bios /usr/lib/u-boot/qemu-ppce500/uboot.elf -icount shift=1,sleep=off -rtc base=2026-01-01T12:00:00").split()
PROMPT = b"=> "
# Session, and the text that ends it where QEMU does not end by itself.
SESSIONS = {
    "uboot-console": None,
    "uboot-trap-load": b"Please RESET the board ###\r\n",
    "uboot-trap-fetch": b"Please RESET the board ###\r\n",
    "uboot-trap-system-call": b"Please RESET the board ###\r\n",
}
SILENCE = 30  # Seconds without a byte after which the guest is taken for stuck.


def read(process, console):
    """Adds what the guest printed; False when QEMU has ended."""
    ready, _, _ = select.select([process.stdout], [], [], SILENCE)
    if not ready:
        process.kill()
        sys.exit("The guest printed nothing for %d seconds, after:\n%s" % (SILENCE, console[-1000:].decode("ascii", "replace")))
    chunk = os.read(process.stdout.fileno(), 65536)
    console += chunk
    return bool(chunk)


def run(commands, end):
    process = subprocess.Popen(QEMU, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    console = bytearray()
    at_prompt = 0  # Where the search for the next prompt begins.
    for command in commands:
        while True:
            place = console.find(b"\n" + PROMPT, max(at_prompt - 1, 0))
            if place >= 0 and place + 1 + len(PROMPT) == len(console):
                break
            if not read(process, console):
                sys.exit("QEMU ended before the command: " + command.decode())
        at_prompt = len(console)
        # One byte at a time, each after the echo of the one before: QEMU's UART has a short receive queue.
        for byte in command + b"\r":
            echoed = len(console)
            process.stdin.write(bytes([byte]))
            while len(console) == echoed:
                if not read(process, console):
                    break
    while (end is None or end not in console) and read(process, console):
        pass
    if end is not None:
        process.kill()
        process.wait()
    elif process.wait() != 0:
        sys.exit("QEMU exited with %d." % process.returncode)
    return bytes(console)


def main():
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")
    data = os.path.join(root, "tests", "Sim.Tests", "Boards", "data")
    for name in sys.argv[1:] or SESSIONS:
        with open(os.path.join(data, name + "-commands.txt"), "rb") as file:
            commands = file.read().splitlines()
        console = run(commands, SESSIONS[name])
        with open(os.path.join(data, name + "-expected.txt"), "wb") as file:
            file.write(console)
        print("%s: %d commands, %d bytes" % (name, len(commands), len(console)))


main()
