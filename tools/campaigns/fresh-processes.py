#!/usr/bin/env python3
"""Tries each law of 'sim check' on one case in a fresh process, again and again: a law must not hold only for what earlier cases left behind.

    tools/campaigns/fresh-processes.py --rounds 2                        # about a minute
    tools/campaigns/fresh-processes.py                                   # 300 cases of each law, each in a process of its own
    tools/campaigns/fresh-processes.py --laws-per-process 8 --seed 1     # 300 of each, in an eighth of as many processes

In every round each law is tried once, on a case that follows from --seed, law and round. Laws that boot Linux are left out unless they are
named with --law. A failure is printed with the command that brings it again. Exits with 0 when every law held every time, 4 when one did not.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import random
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILT = os.path.join(ROOT, "tools", "sim", "bin", "Release", "net10.0", "sim.dll")
LEFT_OUT = ("linux-boot", "linux-moments")
DEADLINE = 600


def command(sim, *arguments):
    """The command line of 'sim check'; a path that ends in .dll needs 'dotnet'."""
    return [*(["dotnet", sim] if sim.endswith(".dll") else [sim]), "check", *arguments]


def known_laws(sim):
    listed = subprocess.run(command(sim, "--list", "--format", "json"), check=True, capture_output=True, text=True)
    return [law["law"] for law in json.loads(listed.stdout) if law["missing"] is None]


def try_laws(sim, laws, seed):
    """Tries laws in one process. Returns (law, result, what is to be told of it) for each."""
    chosen = [word for law in laws for word in ("--law", law)]
    line = command(sim, *chosen, "--runs", "1", "--seed", str(seed), "--format", "jsonl")
    try:
        run = subprocess.run(line, capture_output=True, text=True, timeout=DEADLINE, stdin=subprocess.DEVNULL)
        told, status, errors = run.stdout, run.returncode, run.stderr
    except subprocess.TimeoutExpired:
        told, status, errors = "", "none", f"not done after {DEADLINE} s"
    ends = {}
    for text in told.splitlines():
        law = json.loads(text)
        if law["result"] != "running":
            ends[law["law"]] = law
    results = []
    for law in laws:
        if law not in ends:
            results.append((law, "crashed", f"exit code {status}: {errors.strip()[:2000]}\nagain: {' '.join(line)}"))
        else:
            end = ends[law]
            results.append((law, end["result"], f"{end.get('message', '')}\nagain: {end.get('again', ' '.join(line))}"))
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=300, help="cases of each law, 300 when not given")
    parser.add_argument("--law", action="append", help="only this law; can be given several times")
    parser.add_argument("--laws-per-process", type=int, default=1, help="laws tried one after the other in a process, 1 when not given")
    parser.add_argument("--seed", type=int, help="makes the same cases again; a fresh one is drawn, and printed, when not given")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes at the same time; as many as there are processors when not given")
    parser.add_argument("--sim", default=BUILT, help="the program; the release build of this tree when not given")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(2**32)
    print(f"Seed {seed}.", file=sys.stderr)
    laws = options.law or [law for law in known_laws(options.sim) if law not in LEFT_OUT]
    draw = random.Random(seed)
    work = []
    for number in range(options.rounds):
        order = draw.sample(laws, len(laws))
        work += [(order[at:at + options.laws_per_process], seed * 1_000_003 + number) for at in range(0, len(order), options.laws_per_process)]

    counts = {law: collections.Counter() for law in laws}
    begin = last = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for done, results in enumerate(pool.map(lambda one: try_laws(options.sim, *one), work), 1):
            for law, result, told in results:
                counts[law][result] += 1
                if result != "held":
                    print(f"Law '{law}' {result}. {told}\n", flush=True)
            if sys.stderr.isatty() and time.monotonic() - last > 1:
                last = time.monotonic()
                print(f"\r{done} of {len(work)} processes", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    width = max(map(len, laws))
    print(f"{'law':{width}}  cases  held")
    for law in laws:
        print(f"{law:{width}}  {counts[law].total():5}  {counts[law]['held']:4}")
    missed = sum(counts[law].total() - counts[law]["held"] for law in laws)
    print(f"seed {seed}: {len(laws)} laws, {len(work)} processes, {time.monotonic() - begin:.0f} s, {missed} cases not held")
    sys.exit(4 if missed else 0)


if __name__ == "__main__":
    main()
