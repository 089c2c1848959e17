namespace Sim.Cli.Gdb;

/// <summary>The packets that let the machine run on. A signal to deliver is ignored: no operating system takes it.</summary>
internal sealed partial class GdbStub
{
    /// <summary>c and s, with an address to go on at.</summary>
    private GdbOutcome Resume(bool steps, string address)
    {
        if (address.Length > 0 && (!TryHex(address, out var pc) || pc > uint.MaxValue
            || !TryApply(new Engine.Session.RegisterWrite(resumedThread, "pc", pc))))
        {
            send(Invalid);
            return GdbOutcome.Stay;
        }

        points.Arm(-1);
        if (steps)
            debugger.Step(resumedThread);
        return GdbOutcome.Resume;
    }

    private GdbOutcome HandleVerbose(string rest)
    {
        switch (rest)
        {
            case "Cont?":
                send("vCont;c;C;s;S");
                return GdbOutcome.Stay;
            case "CtrlC":
                send(Ok);
                return GdbOutcome.Stay;
            case var _ when rest.StartsWith("Cont;", StringComparison.Ordinal):
                return Continue(rest[5..].Split(';'));
            case var _ when rest.StartsWith("Kill;", StringComparison.Ordinal):
                send(Ok);
                return GdbOutcome.Kill;
            default:
                send(Unknown);
                return GdbOutcome.Stay;
        }
    }

    /// <summary>
    /// vCont: for each thread the first action that names it, or names none. What a thread without an action does, the schedule decides
    /// as well: a CPU cannot be stopped alone.
    /// </summary>
    private GdbOutcome Continue(string[] actions)
    {
        var chosen = new char[debugger.Cpus.Count];
        foreach (var action in actions)
        {
            var colon = action.IndexOf(':', StringComparison.Ordinal);
            var vcpu = -1;
            if (action is not ['c' or 'C' or 's' or 'S', ..] || (colon >= 0 && !TryThread(action[(colon + 1)..], out vcpu)))
            {
                send(Invalid);
                return GdbOutcome.Stay;
            }

            for (var index = 0; index < chosen.Length; index++)
            {
                if (chosen[index] == 0 && (vcpu < 0 || vcpu == index))
                    chosen[index] = char.ToLowerInvariant(action[0]);
            }
        }

        var stepped = Enumerable.Range(0, chosen.Length).Where(index => chosen[index] == 's').ToList();
        points.Arm(stepped.Count == 1 && chosen.Count(static action => action != 0) == 1 ? stepped[0] : -1);
        stepped.ForEach(debugger.Step);
        return GdbOutcome.Resume;
    }
}
