"""Runs a command at a pseudo-terminal and types at random moments, as a person would: what the test of recorded sessions needs."""
import os, pty, random, select, sys, time

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])

seen = b""
deadline = time.monotonic() + 300


def read(until):
    """Reads until the text has come."""
    global seen
    while until not in seen:
        if time.monotonic() > deadline:
            sys.exit("The text %r has not come: %r" % (until, seen[-500:]))
        if select.select([terminal], [], [], 1)[0]:
            try:
                data = os.read(terminal, 4096)
            except OSError:
                sys.exit("The command ended before %r: %r" % (until, seen[-500:]))
            seen += data
    seen = seen[seen.index(until) + len(until):]


def type_slowly(text):
    """Types in pieces, with pauses of up to some milliseconds."""
    while text:
        count = random.randint(1, 3)
        os.write(terminal, text[:count])
        text = text[count:]
        time.sleep(random.random() * 0.01)


read(b"autoboot")
type_slowly(b" ")
read(b"=> ")
type_slowly(b"echo typed at random\r")
read(b"typed at random")
read(b"typed at random")
read(b"=> ")
type_slowly(b"\x01m")
type_slowly(b"sleep 1\r")
read(b"=> ")
type_slowly(b"version\r")
read(b"=> ")
type_slowly(b"\x01x")
while True:
    try:
        if not os.read(terminal, 4096):
            break
    except OSError:
        break
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
