using System.IO.Hashing;
using System.Runtime.InteropServices;
using Sim.Engine.Cpu.PowerPc;

namespace Sim.PropertyKit.Cpu;

/// <summary>Law L6: every way to execute a program gives the same state after every instruction count, faults included.</summary>
public static class ExecutionLaws
{
    /// <summary>Instructions that each program is run for; those that end sooner go round in their last one.</summary>
    private const int Length = 400;

    /// <summary>Single steps against pieces of every length, with and without tail calls, with caches kept and dropped.</summary>
    public static NamedLaw SingleSteps { get; } = NamedLaw.Of(
        "single-steps", "L6",
        "A program run instruction by instruction has the same state after every count as one run in pieces of any "
        + "length, by calls or tail calls, caches dropped or kept.",
        GuestProgram.Any, static (program, classes) => Compare(program, null, classes),
        new LawOptions
        {
            Runs = 150,
            Required =
            [
                ("Loop", 0.2), ("Memory", 0.2), ("Registers", 0.2), ("SelfModification", 0.2), ("Translation", 0.2), ("UserMode", 0.2),
                ("Decrementer", 0.2),
                ("exception taken", 0.5), ("interrupt taken", 0.1), ("TLB error", 0.2), ("user mode", 0.2), ("code changed", 0.2),
                ("caches dropped", 0.2),
                ("block cut", 0.5),
            ],
        });

    /// <summary>The laws of this file.</summary>
    public static IReadOnlyList<NamedLaw> All { get; } = [SingleSteps];

    /// <summary>Runs a program in several ways and compares.</summary>
    /// <param name="program">The program and the pieces.</param>
    /// <param name="disturb">Does something after each piece; a test plants a bug here.</param>
    /// <param name="classes">Receives what kind of case it is.</param>
    internal static void Compare(GuestProgram program, Action<BareCpu>? disturb, CaseClasses classes)
    {
        foreach (var part in program.Parts)
            classes.Add(part.Kind.ToString());
        var expected = Step(program, classes);
        foreach (var tailCalls in (ReadOnlySpan<bool>)[true, false])
        {
            using var run = new Bench(program);
            run.Cpu.Core.HasTailCalls &= tailCalls;
            for (int count = 0, piece = 0; count < Length; piece++)
            {
                var budget = Math.Min(program.Budgets[piece % program.Budgets.Count], Length - count);
                run.Cpu.Run(budget);
                count += budget;
                if (run.Hash() != expected[count])
                    throw new CheckFailedException(FormattableString.Invariant(
                        $"after {count} instructions, the last {budget} in one piece {(tailCalls ? "with" : "without")} tail calls: {run.Difference(program, count)}"));
                disturb?.Invoke(run.Cpu);
                classes.Add("block cut", budget is > 1 and < 30);
                if (program.Drops == 0 || piece % program.Drops != 0)
                    continue;
                run.Cpu.Core.Code.DropAll();
                run.Cpu.Core.DropSoftTlbs();
                classes.Add("caches dropped");
            }
        }
    }

    /// <summary>The state after every count of instructions, each executed on its own.</summary>
    private static unsafe UInt128[] Step(GuestProgram program, CaseClasses classes)
    {
        using var run = new Bench(program);
        var hashes = new UInt128[Length + 1];
        var ends = program.Ends();
        for (var count = 1; count <= Length; count++)
        {
            if (ends.TryGetValue(run.Cpu.State->Pc, out var part))
                classes.CoverOperation(part);
            run.Cpu.Run(1);
            hashes[count] = run.Hash();
            var state = run.Cpu.State;
            classes.Add("user mode", (state->Msr & Msr.Pr) != 0);
            if (state->Pc >= GuestProgram.Page)
                continue;

            // An exception has just led to its vector; an interrupt comes before the handler's first instruction.
            classes.Add("exception taken", state->Pc % 0x100 == 0);
            classes.Add("TLB error", state->Pc % 0x100 == 0 && run.Cpu.VectorTaken == Vector.DataTlbError);
            classes.Add("interrupt taken", run.Cpu.VectorTaken == Vector.Decrementer);
        }

        classes.CoverCores(run.Cpu.Cores);
        classes.Add("code changed", program.Parts.Any(static p => p.Kind == GuestPartKind.SelfModification));
        return hashes;
    }

    /// <summary>A CPU with the program and a device that counts its accesses and answers with their number.</summary>
    private sealed class Bench : IDisposable
    {
        private uint accesses;

        public Bench(GuestProgram program)
        {
            Cpu.AddRegisters(GuestProgram.Device, 0x1000, Read, Write);
            program.Load(Cpu);
        }

        public BareCpu Cpu { get; } = new();

        public void Dispose() => Cpu.Dispose();

        /// <summary>Of all registers, the pages that programs use, and what the device has seen.</summary>
        public unsafe UInt128 Hash()
        {
            var hash = new XxHash128();
            foreach (var register in PowerPcRegisters.All)
                hash.Append(new ReadOnlySpan<byte>((byte*)Cpu.State + register.Offset, register.Width * register.Count));
            hash.Append(Cpu.Ram.Span(GuestProgram.Page, 0x4000));
            hash.Append(Cpu.Ram.Span(GuestProgram.Data, 0x3000));
            hash.Append(MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in accesses)));
            return hash.GetCurrentHashAsUInt128();
        }

        /// <summary>The first register in which this one differs from single steps.</summary>
        public unsafe string Difference(GuestProgram program, int count)
        {
            using var stepped = new Bench(program);
            for (var i = 0; i < count; i++)
                stepped.Cpu.Run(1);
            foreach (var register in PowerPcRegisters.All)
            {
                for (var element = 0; element < register.Count; element++)
                {
                    var (left, right) = (PowerPcStateSection.Read(stepped.Cpu.State, register, element),
                        PowerPcStateSection.Read(Cpu.State, register, element));
                    if (left != right)
                        return FormattableString.Invariant($"{register.Name}[{element}] is 0x{right:x}; stepped 0x{left:x}");
                }
            }

            return "memory or the device differs";
        }

        private ulong Read(ulong offset, int size, Engine.Memory.BusInitiator? initiator) => ++accesses + (uint)offset;

        private void Write(ulong offset, ulong value, int size, Engine.Memory.BusInitiator? initiator) =>
            accesses = accesses * 31 + (uint)value;
    }
}
