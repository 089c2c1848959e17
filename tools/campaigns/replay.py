#!/usr/bin/env python3
"""Records sessions that are typed at a pseudo-terminal at random moments, and replays each many times, every time in a process of its own.

A recording is all right when every replay exits with 0, prints the recorded console byte for byte and ends with the recorded end line, when
a replay that jumps to a moment by a snapshot beside the journal ends as one that goes all the way, and when the piece from the middle on
replays alone. Every process has a deadline. Exits with 0 only if all are all right; what is not stays in a folder that is named.

    tools/campaigns/replay.py --small                     # about a minute
    tools/campaigns/replay.py                             # 2 guests x 4 numbers of CPUs x 2 paces x 2 schedules, 10 replays of each
    tools/campaigns/replay.py --guests linux --smp 4,8 --schedules random --replays 3 --load 2

What is typed follows from --seed; when, the host decides. Needs 'sim guests install linux' and U-Boot.
"""
import argparse
import hashlib
import json
import os
import pty
import random
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILT = os.path.join(ROOT, "tools", "sim", "bin", "Release", "net10.0", "sim.dll")
GUESTS = {
    "u-boot": {
        "start": b"autoboot:", "prompt": b"=> ", "off": "poweroff",
        "commands": ["version", "echo typed at random", "sleep 0.05", "printenv", "md 0 20", "bdinfo", "date", "reset", "mw 1000000 5a5a5a5a 400"],
    },
    "linux": {
        "start": None, "prompt": b"sim# ", "off": "poweroff -f",
        "commands": ["seq 1 500 | sha256sum", "cat /proc/interrupts", "sleep 0.1", "ls /sys/devices", "date", "echo $((6 * 7))", "free", "ps",
                     "seq 1 200 | sha256sum & seq 1 300 | sha256sum; wait"],
    },
}


class Failure(Exception):
    """What is not all right, in one sentence."""


class Terminal:
    """A command at a pseudo-terminal that changes no byte of what it prints; its messages go to a file."""

    def __init__(self, command, messages, deadline):
        self.printed = b""
        self.unread = b""
        self.deadline = time.monotonic() + deadline
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            mode = termios.tcgetattr(1)
            mode[1] &= ~termios.OPOST
            termios.tcsetattr(1, termios.TCSANOW, mode)
            os.dup2(os.open(messages, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), 2)
            os.environ["TERM"] = "dumb"     # Else the runtime sends the terminal a sequence of its own.
            os.execvp(command[0], command)

    def read_some(self, seconds):
        """Reads what comes within a time; False at the end of the command."""
        if time.monotonic() > self.deadline:
            raise Failure("the recording hangs; the last that it printed: %r" % self.printed[-100:])
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.master, 1 << 16)
        except OSError:
            return False
        self.printed += data
        self.unread += data
        return bool(data)

    def read_until(self, text):
        while text not in self.unread:
            if not self.read_some(1):
                raise Failure("the recording ended before %r" % text)
        self.unread = self.unread[self.unread.index(text) + len(text):]

    def type(self, text, randomly):
        """Types in pieces, at random moments, and reads meanwhile."""
        while text:
            count = randomly.randint(1, 4)
            os.write(self.master, text[:count])
            text = text[count:]
            self.read_some(randomly.random() * 0.02)

    def end(self):
        """Reads to the end; the exit code."""
        while self.read_some(1):
            pass
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        return os.waitstatus_to_exitcode(status)

    def close(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.master)


def run(command, deadline):
    """Runs a command to its end; output, messages."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=deadline)
    except subprocess.TimeoutExpired:
        raise Failure("hangs: " + " ".join(command))
    messages = done.stderr.decode(errors="replace")
    if done.returncode != 0:
        raise Failure("exit code %d: %s: %s" % (done.returncode, " ".join(command), messages.strip()[-300:]))
    return done.stdout, messages


def end_of(messages):
    """Of the end line what depends on the run alone."""
    line = messages.rstrip("\n").split("\n")[-1]
    if not line.startswith("end: "):
        raise Failure("no end line: " + messages[-300:])
    return line.split("  ")[0]


def state_of(end):
    """Of an end line's text what depends on the machine alone."""
    return re.sub(r"reason=\S+ ", "", end)


def record(sim, options, guest, machine, journal, randomly):
    """Records a typed session; its console and the end of its end line."""
    kind = GUESTS[guest]
    messages = journal + ".messages"
    terminal = Terminal(sim + ["record", journal] + machine, messages, options.deadline)
    try:
        if kind["start"]:
            terminal.read_until(kind["start"])
            terminal.type(b" ", randomly)
        terminal.read_until(kind["prompt"])
        for _ in range(options.commands):
            command = randomly.choice(kind["commands"])
            terminal.type(command.encode() + b"\r", randomly)
            if randomly.random() < 0.2:
                terminal.type(b"\x01m", randomly)
            if command == "reset":
                terminal.read_until(kind["start"])
                terminal.type(b" ", randomly)
            if guest == "u-boot" or randomly.random() < 0.7:
                terminal.read_until(kind["prompt"])     # Else the next one is typed while this one goes on; U-Boot's commands drop that.
        how = randomly.choice(["off", "leave", "signal"])
        if how == "off":
            terminal.type(kind["off"].encode() + b"\r", randomly)
        elif how == "leave":
            terminal.type(b"\x01x", randomly)
        else:
            os.kill(terminal.pid, signal.SIGTERM)
        code = terminal.end()
        with open(messages, encoding="utf-8", errors="replace") as file:
            said = file.read()
        if code != (130 if how == "signal" else 0):
            raise Failure("the recording exits with %d: %s" % (code, said[-300:]))
        return terminal.printed, end_of(said)
    finally:
        terminal.close()


def check_replays(sim, options, journal, console, end):
    """Replays to the end, each time in a fresh process; how many were equal."""
    for _ in range(options.replays):
        printed, messages = run(sim + ["replay", journal], options.deadline)
        if printed != console:
            raise Failure("a replay prints another console than %s: sha256 %s instead of %s"
                          % (journal, hashlib.sha256(printed).hexdigest(), hashlib.sha256(console).hexdigest()))
        if end_of(messages) != end or ", all equal." not in messages:
            raise Failure("a replay of %s ends with '%s', the recording with '%s'" % (journal, end_of(messages), end))
    return options.replays


def check_middle(sim, options, journal, end, randomly):
    """Jumps by a snapshot, and replays the piece from the middle on alone; how many snapshots the journal has."""
    time_of_end = int(re.search(r" time=(\d+)ns", end).group(1))
    target = "%dns" % (time_of_end * randomly.randint(40, 95) // 100)
    snapshots = journal + ".snapshots"
    count = len(os.listdir(snapshots)) if os.path.isdir(snapshots) else 0
    near = end_of(run(sim + ["replay", journal, "--to", target], options.deadline)[1])
    if count:
        os.rename(snapshots, snapshots + ".aside")
        far = end_of(run(sim + ["replay", journal, "--to", target], options.deadline)[1])
        os.rename(snapshots + ".aside", snapshots)
        if near != far:
            raise Failure("by a snapshot %s is at '%s' at %s, without one at '%s'" % (journal, near, target, far))
    piece = journal.replace(".simrec", "-piece.simrec")
    run(sim + ["journal", "cut", journal, piece, "--from", target], options.deadline)
    _, messages = run(sim + ["replay", piece], options.deadline)
    if state_of(end_of(messages)) != state_of(end):
        raise Failure("the piece %s ends with '%s', the recording with '%s'" % (piece, end_of(messages), end))
    os.remove(piece)
    return count


def machines(options, images):
    """All machines of the campaign: guest, CPUs, pace, schedule and options of the command line."""
    for number, (guest, smp, pace, schedule) in enumerate(
            (g, s, p, k) for g in options.guests for s in options.smp for p in options.pace for k in options.schedules):
        policy = "round-robin" if schedule == "round-robin" else "random:%d" % (options.seed + number)
        every = "20ms" if guest == "u-boot" else "250ms"
        machine = ["--machine", "ppce500", "--smp", smp, "--pace", pace, "--schedule", policy, "--digest-every", "20ms", "--snapshot-every", every]
        if guest == "linux":
            machine += ["--kernel", images["kernel"], "--initrd", images["initrd"], "--append", "console=ttyS0 rdinit=/init"]
        yield guest, smp, pace, policy, machine


def find_images(sim):
    """Kernel and initrd of the Linux guest."""
    listed = json.loads(run(sim + ["guests", "list", "--format", "json"], 60)[0])
    paths = [guest.get("path") for guest in listed if guest["name"] == "linux" and guest["state"].startswith("installed")]
    if len(paths) < 2:
        raise Failure("the Linux guest is not installed: sim guests install linux")
    return {"kernel": paths[0], "initrd": paths[1]}


def words(text):
    return text.split(",")


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--guests", type=words, default=["u-boot", "linux"], help="u-boot,linux")
    parser.add_argument("--smp", type=words, default=["1", "2", "4", "8"], help="numbers of CPUs, 1,2,4,8")
    parser.add_argument("--pace", type=words, default=["max", "real"], help="max,real")
    parser.add_argument("--schedules", type=words, default=["round-robin", "random"], help="round-robin,random")
    parser.add_argument("--sessions", type=int, default=1, metavar="N", help="recordings of each machine, 1")
    parser.add_argument("--commands", type=int, default=6, metavar="N", help="commands typed in a session, 6")
    parser.add_argument("--replays", type=int, default=10, metavar="N", help="replays of each recording, 10")
    parser.add_argument("--load", type=int, default=0, metavar="N", help="processes that keep the host busy meanwhile, 0")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="decides what is typed, 1")
    parser.add_argument("--deadline", type=float, default=120, metavar="SECONDS", help="after which a process counts as hanging, 120")
    parser.add_argument("--budget", type=float, metavar="SECONDS", help="begins no recording after this time, and says how many are left")
    parser.add_argument("--small", action="store_true", help="U-Boot on 1 and 4 CPUs at full pace, 2 replays")
    parser.add_argument("--sim", type=str.split, metavar="COMMAND", help="the command; by default the release build, which is made first")
    options = parser.parse_args()
    if options.small:
        options.guests, options.smp, options.pace, options.replays, options.commands = ["u-boot"], ["1", "4"], ["max"], 2, 3
    for name, known in (("guests", list(GUESTS)), ("pace", ["max", "real"]), ("schedules", ["round-robin", "random"])):
        for value in getattr(options, name):
            if value not in known:
                parser.error("--%s: '%s' is none of %s" % (name, value, ", ".join(known)))
    return options


def build():
    subprocess.run(["dotnet", "build", "-c", "Release", "-v", "quiet", "-nologo", os.path.join(ROOT, "tools", "sim")],
                   stdout=subprocess.DEVNULL, check=True, timeout=900)
    return ["dotnet", BUILT]


def campaign(options, folder):
    """Does it all; how many recordings were not all right, or not made."""
    sim = options.sim or build()
    images = find_images(sim) if "linux" in options.guests else {}
    todo = [m for m in machines(options, images) for _ in range(options.sessions)]
    print("%-7s %4s %5s %-12s %6s %9s %9s %8s %9s  %s" % (
        "guest", "CPUs", "pace", "schedule", "inputs", "virtual s", "journal", "replays", "snapshots", "result"), flush=True)
    bad, replays, start = 0, 0, time.monotonic()
    for number, (guest, smp, pace, policy, machine) in enumerate(todo):
        if options.budget and time.monotonic() - start > options.budget:
            print("%d of %d recordings are left: the budget of %.0f s is spent." % (len(todo) - number, len(todo), options.budget))
            break
        randomly = random.Random(options.seed * 1000 + number)
        journal = os.path.join(folder, "%d-%s-%s-%s-%s.simrec" % (number, guest, smp, pace, policy.replace(":", "")))
        inputs, seconds, size, done, snapshots, result = 0, 0.0, 0, 0, 0, "equal"
        try:
            console, end = record(sim, options, guest, machine, journal, randomly)
            seconds = int(re.search(r" time=(\d+)ns", end).group(1)) / 1e9
            size = os.path.getsize(journal)
            inspected = json.loads(run(sim + ["journal", "inspect", journal, "--format", "json"], options.deadline)[0])
            inputs = len(inspected["inputs"])
            done = check_replays(sim, options, journal, console, end)
            snapshots = check_middle(sim, options, journal, end, randomly)
            replays += done
            shutil.rmtree(journal + ".snapshots", ignore_errors=True)
            os.remove(journal)
        except Failure as failure:
            bad += 1
            result = "FAILED: %s" % failure
        print("%-7s %4s %5s %-12s %6d %9.3f %5.1f KiB %8d %9d  %s" % (
            guest, smp, pace, policy, inputs, seconds, size / 1024, done, snapshots, result), flush=True)
    print("%d replays equal, %d recordings not all right, %.0f s." % (replays, bad, time.monotonic() - start))
    return bad


def main():
    options = read_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))     # What was started is ended all the same.
    folder = tempfile.mkdtemp(prefix="sim-replay-campaign-")
    load = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(options.load)]
    try:
        bad = campaign(options, folder)
    except Failure as failure:
        sys.exit("replay.py: %s" % failure)
    finally:
        for process in load:
            process.kill()
            process.wait()
    if bad:
        print("The journals are in " + folder)
    else:
        shutil.rmtree(folder)
    sys.exit(1 if bad else 0)


main()
