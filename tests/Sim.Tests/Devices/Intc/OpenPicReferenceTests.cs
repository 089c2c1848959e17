using System.Globalization;
using Sim.Engine.Base;
using Sim.Engine.Devices.Intc;
using Xunit;
using static Sim.Tests.OpenPicBench;

namespace Sim.Tests;

/// <summary>
/// The interrupt controller against QEMU's, register access by register access. QEMU can report the inputs of one CPU, so each sequence
/// watches one.
/// <para>
/// What is drawn is what both agree on. The configuration of a source changes while it neither waits nor is in service, and an edge has one
/// destination, as the manual asks. Where QEMU departs from the manual, as the comments below and the description of <see cref="OpenPic"/>
/// say, nothing is drawn. Time stands still here: the timers' measured behaviour stands in <see cref="OpenPicTests"/>.
/// </para>
/// </summary>
public sealed class OpenPicReferenceTests
{
    private const int Cpus = 2;

    private static readonly int[] Inputs = [0, 1, 2, 3, 11, 16, 20, 42, 223];

    private static readonly int[] Sources = [.. Inputs, FirstMessage, FirstMessage + 7, FirstIpi, FirstIpi + 1, FirstIpi + 2, FirstIpi + 3];

    [Theory]
    [InlineData("ppce500", OpenPic.ModelMpic42, 0, 1)]
    [InlineData("ppce500", OpenPic.ModelMpic42, 1, 2)]
    [InlineData("ppce500", OpenPic.ModelMpic42, 0, 3)]
    [InlineData("mpc8544ds", OpenPic.ModelMpic20, 0, 4)]
    [InlineData("mpc8544ds", OpenPic.ModelMpic20, 1, 5)]
    public void Random_sequences_see_what_the_reference_shows(string machine, uint model, int watched, ulong seed)
    {
        using var comparison = new Comparer(machine, model, watched, seed);
        comparison.Run(10_000);
    }

    [Theory]
    [InlineData("ppce500", OpenPic.ModelMpic42)]
    [InlineData("mpc8544ds", OpenPic.ModelMpic20)]
    public void Every_register_has_the_reference_s_value_and_writable_bits(string machine, uint model)
    {
        using var comparison = new Comparer(machine, model, 0, 1, acceptAll: false);
        comparison.CompareRegisters();
    }

    private sealed class Comparer : IDisposable
    {
        private readonly uint model;
        private readonly int watched;
        private readonly ulong seed;
        private readonly ulong reference;
        private Prng random;
        private readonly QemuProbe qemu;
        private readonly OpenPicBench pic;
        private readonly List<string> log = [];
        private readonly bool[] asserted = new bool[OpenPic.InputCount];
        private readonly List<int>[] inService = [[], []];
        private int acknowledged, interrupted, critical;
        private readonly uint[] configured = new uint[OpenPic.InputCount];

        public Comparer(string machine, uint model, int watched, ulong seed, bool acceptAll = true)
        {
            (this.model, this.watched, this.seed) = (model, watched, seed);
            reference = (model == OpenPic.ModelMpic42 ? QemuProbe.Ccsr : 0xE000_0000) + 0x40000;
            random = Prng.FromSeed(seed);
            var cpu = string.Create(CultureInfo.InvariantCulture, $"/machine/unattached/device[{watched}]");
            qemu = new QemuProbe(machine, cpu, ["-smp", "2", "-m", "256"]);
            pic = new OpenPicBench(model, Cpus, acceptAll: false);
            if (!acceptAll)
                return;
            for (var index = 0; index < Cpus; index++)
                Write(Cpu(index, 0x80), 0);
            for (var i = 0; i < Sources.Length; i++)
                Configure(Sources[i]);
        }

        public void Dispose()
        {
            qemu.Dispose();
            pic.Dispose();
        }

        public void Run(int steps)
        {
            for (var i = 0; i < steps; i++)
            {
                Step();
                CheckOutputs();
            }

            var visited = Math.Min(acknowledged, Math.Min(interrupted, critical));
            Assert.True(visited > 100, $"The sequence visits too little: {acknowledged}, {interrupted}, {critical}.");
        }

        /// <summary>
        /// All registers as they are, then what all ones, all zeros and a pattern leave in those of one source of each kind.
        /// </summary>
        public void CompareRegisters()
        {
            uint[] blocks = [0, 0x1310, 0x1600, 0x1800, 0x3800, 0x3820, 0x10000, 0x12000, 0x20000, 0x23100];
            for (var block = 0; block < blocks.Length; block += 2)
            {
                // Between 0x110 and 0xFE0 of the global block nothing is, and it takes long.
                for (var offset = blocks[block]; offset < blocks[block + 1]; offset += 4)
                {
                    if (offset is < 0x110 or >= 0xFE0)
                        Read(offset);
                }
            }

            uint[] registers =
            [
                0x0, 0x1000, 0x1020, 0x1080, 0x10A0, 0x10D0, 0x10E0, 0x10F0, 0x1120, 0x1130, 0x11E0, 0x11F0, 0x1720,
                0x10000, 0x10010, 0x10018, 0x101E0, 0x10200, 0x10210, 0x10218, 0x11FE0, 0x11FF0,
                Cpu(0, 0x80), Cpu(1, 0x80), Cpu(1, 0x90), Cpu(2, 0x80), Cpu(0, 0x40),
            ];
            foreach (var offset in registers)
            {
                foreach (var value in new[] { 0x7FFF_FFFFu, 0x8000_0000u, 0u, 0x2595_A5A5u, 0x5A5A_5A5Au })
                {
                    if (offset == 0x1020 && value == 0x8000_0000)
                        continue;
                    Write(offset, value);
                    Read(offset);
                }
            }
        }

        private void Step()
        {
            var cpu = (int)random.Below(Cpus);
            var source = Sources[random.Below(Sources.Length)];
            switch (random.Below(12))
            {
                case 0 or 1 or 2:
                    Toggle(Inputs[random.Below(Inputs.Length)]);
                    break;
                case 3:
                    if (IsIdle(source))
                        Configure(source);
                    break;
                case 4:
                    // The mask may change at any time.
                    if (!inService.Any(list => list.Contains(source)))
                        Write(VectorPriority(source), configured[source] ^= Mask);
                    break;
                case 5:
                    // QEMU compares with a priority in service that may be out of date.
                    if (inService[cpu].Count == 0)
                        Write(Cpu(cpu, 0x80), (uint)random.Below(12));
                    break;
                case 6:
                    Write(Cpu(cpu, 0x40 + 0x10 * (uint)random.Below(4)), (uint)random.Below(3) + 1);
                    break;
                case 7:
                    Write(0x1740, (uint)(random.Below(2) * 7) << 29 | (uint)random.Below(32) << 24);
                    break;
                case 8:
                    Read(random.Below(3) switch { 0 => 0x1720, 1 => 0x1600, _ => 0x1670 });
                    break;
                case 9 or 10:
                    Acknowledge(cpu);
                    break;
                default:
                    EndOfInterrupt(cpu);
                    break;
            }

            Read(VectorPriority(source));
        }

        private void Toggle(int source)
        {
            asserted[source] = !asserted[source];
            log.Add($"input {source} {asserted[source]}");
            pic.Input(source, asserted[source]);
            qemu.SetIrqIn("/machine/pic", source, asserted[source]);
        }

        private bool IsIdle(int source)
        {
            var state = pic.Pic.State;
            var hasMessages = source is >= FirstMessage and < FirstMessage + 8 && state.Messages[source - FirstMessage] != 0;
            return !asserted[source] && state.Requested[source] == 0 && !hasMessages && !inService.Any(list => list.Contains(source));
        }

        private void Configure(int source)
        {
            var level = source is 2 or 11;
            if (source < FirstIpi)
            {
                var several = level || source is >= 16 and < FirstIpi;
                var critical = several && random.Below(4) == 0;
                var cpus = (uint)random.Below(several ? 3 : 2) + 1;
                if (model == OpenPic.ModelMpic20)
                    Write(Destination(source), critical ? cpus << 29 : cpus);
                else
                {
                    Write(Destination(source), cpus);
                    Write(InternalLevel(source), critical ? 1u : 0);
                }
            }

            configured[source] = (uint)random.Below(16) << 16 | Vector(source) | (level ? Sense : 0) | (random.Below(4) == 0 ? Mask : 0);
            Write(VectorPriority(source), configured[source]);
        }

        /// <summary>
        /// Without a request QEMU puts an interrupt into service that is not above the one there, and loses an edge that the task priority
        /// holds back.
        /// </summary>
        private void Acknowledge(int cpu)
        {
            if (!pic.Output(cpu) && pic.Pic.MostUrgent(cpu, out _) >= 0)
                return;
            var vector = Read(Cpu(cpu, 0xA0));
            if (vector == 0xFFFF)
                return;
            inService[cpu].Add((int)vector - 0x100);
            acknowledged++;
        }

        /// <summary>QEMU forgets at the end of an interrupt that the task priority holds another one back.</summary>
        private void EndOfInterrupt(int cpu)
        {
            if (pic.Pic.MostUrgent(cpu, out var priority) >= 0 && priority <= pic.Pic.State.TaskPriority[cpu])
                return;
            Write(Cpu(cpu, 0xB0), 0);
            if (inService[cpu].Count > 0)
                inService[cpu].RemoveAt(inService[cpu].Count - 1);
        }

        private uint Read(uint offset)
        {
            var mine = pic[offset];
            var theirs = (uint)qemu.Read(reference + offset, 4);
            log.Add(string.Create(CultureInfo.InvariantCulture, $"read {offset:x} = {mine:x}, reference {theirs:x}"));
            if (mine != theirs)
                Fail();
            return mine;
        }

        private void Write(uint offset, uint value)
        {
            log.Add(string.Create(CultureInfo.InvariantCulture, $"write {offset:x} {value:x}"));
            pic[offset] = value;
            qemu.Write(reference + offset, value, 4);
        }

        /// <summary>The CPU's input 4 is the external interrupt, input 3 the critical one.</summary>
        private void CheckOutputs()
        {
            var mine = (pic.Output(watched), pic.Output(watched, OpenPic.OutputCritical));
            var theirs = (qemu.Line(4), qemu.Line(3));
            interrupted += mine.Item1 ? 1 : 0;
            critical += mine.Item2 ? 1 : 0;
            if (mine == theirs)
                return;
            log.Add($"outputs {mine}, reference {theirs}");
            Fail();
        }

        private void Fail() => Assert.Fail($"seed {seed}, latest accesses:\n{string.Join('\n', log.TakeLast(60))}");
    }
}
