using Sim.Engine.Base;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;

namespace Sim.PropertyKit.Machines;

/// <summary>
/// A debugger as unpredictable as a person: stops the machine at moments of its own, between frames and inside of them, steps, sets
/// breakpoints, writes registers and memory, and types at the console meanwhile.
/// </summary>
public sealed class RandomDebugger : IDebuggerClient, IDisposable
{
    private readonly Session session;
    private readonly int stopsPerFrame;
    private Prng draw;
    private int left = 200;

    /// <summary>Takes part in the runs of a session until it is disposed of.</summary>
    /// <param name="session">The session.</param>
    /// <param name="seed">Decides what it does.</param>
    /// <param name="stopsPerFrame">It stops at one of so many frames' ends.</param>
    public RandomDebugger(Session session, ulong seed, int stopsPerFrame)
    {
        ArgumentNullException.ThrowIfNull(session);
        this.session = session;
        this.stopsPerFrame = stopsPerFrame;
        draw = Prng.FromSeed(seed);
        session.Debugger.Client = this;
    }

    /// <summary>Writes that took effect.</summary>
    public int Writes { get; private set; }

    /// <summary>Those of them that were made inside a frame.</summary>
    public int WritesInFrame { get; private set; }

    /// <summary>Writes that were refused.</summary>
    public int Refused { get; private set; }

    /// <summary>Inputs typed while the machine was stopped between frames.</summary>
    public int Typed { get; private set; }

    /// <summary>Whether it types as well.</summary>
    public bool Types { get; init; } = true;

    /// <inheritdoc/>
    public bool WantsStop => left > 0 && draw.Below(stopsPerFrame) == 0;

    /// <inheritdoc/>
    public void Stopped(DebugStop stop)
    {
        if (left-- <= 0)
        {
            session.Debugger.Clear();
            return;
        }

        for (var actions = draw.Below(4); actions > 0; actions--)
            Act((int)draw.Below(session.Debugger.Cpus.Count));
    }

    /// <inheritdoc/>
    public void MachineReset()
    {
    }

    /// <summary>Lets the machine go.</summary>
    public void Dispose()
    {
        session.Debugger.Clear();
        session.Debugger.Client = null;
    }

    private void Act(int vcpu)
    {
        var cpu = session.Debugger.Cpus[vcpu];
        switch (draw.Below(6))
        {
            case 0:
                Write(new RegisterWrite(vcpu, FormattableString.Invariant($"r{14 + draw.Below(18)}"), (ulong)draw.Below(1L << 32)));
                break;
            case 1:
                Write(new MemoryWrite(vcpu, (uint)cpu.ReadRegister("r1") - 512, new[] { (byte)draw.Below(256), (byte)draw.Below(256) }));
                break;
            case 2:
                session.Debugger.Step(vcpu);
                break;
            case 3:
                session.Debugger.Add(new Breakpoint(cpu.Pc + 8));
                break;
            case 4:
                session.Debugger.Clear();
                break;
            case 5 when Types && session.Consoles.Count > 0:
                session.Send("d");
                Typed += session.Scheduler.AtFrameBoundary ? 1 : 0;
                break;
        }
    }

    private void Write(DebuggerWrite write)
    {
        try
        {
            session.Input.Apply(write);
            Writes++;
            WritesInFrame += session.Scheduler.AtFrameBoundary ? 0 : 1;
        }
        catch (SimException)
        {
            Refused++;   // Nothing is mapped there, or this is a replay.
        }
    }
}
