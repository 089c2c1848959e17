using System.Buffers.Binary;
using System.Globalization;
using Sim.PropertyKit.Cpu;
using Xunit;

namespace Sim.Tests;

/// <summary>
/// A guest that executes TLB instructions and accesses with random operands one after the other and stores what it finds, run on the
/// core and on QEMU
/// 7.2. SIM_CONFORMANCE_STEPS of them with SIM_CONFORMANCE_SEED.
/// </summary>
public sealed unsafe class TlbConformanceTests
{
    const uint Program = 0x0010_0000, Results = 0x0100_0000, Done = 0x000F_0000, Vectors = 0x0002_0000, Data = 0x0200_0000;
    const int Esr = 62, Dear = 61, Srr0 = 26, Srr1 = 27, Pid0 = 48, Mmucsr0 = 1012, Sprg0 = 272, Sprg1 = 273, Sprg2 = 274;

    /// <summary>MAS0, 1, 2, 3, 4, 6, 7.</summary>
    static readonly int[] mas = [624, 625, 626, 627, 628, 630, 944];

    static readonly int[] pids = [48, 633, 634];

    /// <summary>Words that a step stores: MAS, then ESR, DEAR, SRR0, SRR1, what was loaded, the vector or 0xFF.</summary>
    const int ResultWords = 13;

    readonly List<uint> _code = [];

    [Fact]
    public void Every_step_finds_what_the_reference_finds()
    {
        HostTool.Require("qemu-system-ppc", "qemu-system-ppc");
        int steps = Number("SIM_CONFORMANCE_STEPS", 3000);
        byte[] image = Build(steps, new Random(Number("SIM_CONFORMANCE_SEED", 1)));
        byte[] reference, ours;
        using (var qemu = new QemuGdb(BareElf.Make(image, Program)))
        {
            qemu.RunTo(Done);
            reference = qemu.Save(Results, steps * ResultWords * 4);
        }

        using (var cpu = new BareCpu(model: Engine.Cpu.PowerPc.PowerPcCpuModels.All[5]))
        {
            cpu.Ram.Write(0, image);
            cpu.State->Pc = Program;
            for (int guard = 0; cpu.State->Pc != Done; guard++)
            {
                Assert.True(guard < 1000, $"The program never ends: it is at 0x{cpu.State->Pc:x}.");
                cpu.Run(100_000);
            }

            ours = cpu.Ram.Span(Results, steps * ResultWords * 4).ToArray();
        }

        for (int step = 0; step < steps; step++)
        {
            var expected = reference.AsSpan(step * ResultWords * 4, ResultWords * 4);
            var found = ours.AsSpan(step * ResultWords * 4, ResultWords * 4);
            Assert.True(expected.SequenceEqual(found),
                string.Create(CultureInfo.InvariantCulture,
                    $"Step {step} ({_kinds[step]}): {Convert.ToHexString(found)}, not {Convert.ToHexString(expected)}."));
        }
    }

    readonly List<string> _kinds = [];

    byte[] Build(int steps, Random draw)
    {
        var image = new byte[Data + 0x0040_0000];
        for (uint at = Data; at < image.Length; at += 4)
            BinaryPrimitives.WriteUInt32BigEndian(image.AsSpan((int)at), at ^ 0x5A00_0000);
        Place(image, Done, [Asm.B(0)]);
        PlaceVectors(image);
        Emit(Asm.Li(3, Vectors));
        _code.Add(Asm.Mtspr(63, 3));
        for (int i = 0; i < 16; i++)
            _code.AddRange([Asm.Addi(3, 0, i * 0x100), Asm.Mtspr(400 + i, 3)]);
        Emit(Asm.Li(31, Results));
        for (int i = 0; i < steps; i++)
            Step(draw);
        Emit([Asm.B((int)Done - (int)Program - 4 * _code.Count)]);
        Place(image, Program, _code);
        Assert.True(Program + 4 * _code.Count < Results, "Too many steps.");
        return image;
    }

    /// <summary>Every vector notes its number in r30 and goes on behind the instruction that faulted.</summary>
    static void PlaceVectors(byte[] image)
    {
        for (int i = 0; i < 16; i++)
        {
            // SRR0 and SRR1 themselves are results: the return goes by them and they are put back.
            Place(image, Vectors + (uint)i * 0x100,
            [
                Asm.Addi(30, 0, i), Asm.Mfspr(29, Srr0), Asm.Mtspr(Sprg0, 29), Asm.Mfspr(28, Srr1),
                Asm.Mtspr(Sprg1, 28), Asm.Addi(29, 29, 4), Asm.Mtspr(Srr0, 29), Asm.Rfi,
            ]);
        }
    }

    void Emit(IEnumerable<uint> words) => _code.AddRange(words);

    void Set(int spr, uint value)
    {
        Emit(Asm.Li(3, value));
        _code.Add(Asm.Mtspr(spr, 3));
    }

    static uint Effective(Random draw) =>
        0x8000_0000 | (uint)draw.Next(4) << 20 | (uint)draw.Next(3) << 12 | (draw.Next(2) == 0 ? 0 : (uint)draw.Next(0x400) << 2);

    void Step(Random draw)
    {
        _code.AddRange([Asm.Addi(30, 0, 0xFF), Asm.Addi(4, 0, 0)]);
        foreach (int spr in (int[])[Esr, Dear, Sprg0, Sprg1])
            _code.Add(Asm.Mtspr(spr, 4));
        string kind;
        switch (draw.Next(12))
        {
            case 0 or 1 or 2:
                kind = "tlbwe";
                WriteEntry(draw);
                break;
            case 3:
                kind = "tlbsx";
                Set(mas[5], (uint)draw.Next(3) << 16 | (uint)draw.Next(2));
                Set(mas[4], (uint)draw.Next(2) << 28 | (uint)draw.Next(4) << 16 | (uint)draw.Next(12) << 8 | (uint)draw.Next(128));
                Emit(Asm.Li(5, Effective(draw)));
                _code.Add(Asm.Tlbsx(0, 5));
                break;
            case 4:
                kind = "tlbre";
                Set(mas[0], (uint)draw.Next(2) << 28 | (uint)draw.Next(16) << 16);
                Set(mas[2], Effective(draw));
                _code.Add(Asm.Tlbre);
                break;
            case 5:
                kind = "tlbivax";
                Emit(Asm.Li(5, (Effective(draw) & 0xFFFF_F000) | (uint)draw.Next(2) << 3));
                _code.Add(Asm.Tlbivax(0, 5));
                break;
            case 6:
                kind = "mtspr pid";
                Set(pids[draw.Next(3)], (uint)draw.Next(3));
                break;
            case 7 when draw.Next(20) == 0:
                kind = "flush TLB0";
                Set(Mmucsr0, 4);
                break;
            default:
                kind = Access(draw);
                break;
        }

        _kinds.Add(kind);
        StoreResults();
    }

    void WriteEntry(Random draw)
    {
        bool second = draw.Next(2) == 0;
        // Entry 0 of TLB1 maps the program.
        Set(mas[0], second ? 0x1000_0000u | (uint)draw.Next(1, 16) << 16 : (uint)draw.Next(4) << 16);
        uint size = second ? (uint)draw.Next(1, 6) : 1;
        Set(mas[1], (draw.Next(4) == 0 ? 0 : 0x8000_0000) | (uint)draw.Next(2) << 30 | (uint)draw.Next(3) << 16
            | (uint)draw.Next(2) << 12 | size << 8);
        uint aligned = ~((1024u << (int)(2 * size)) - 1);
        Set(mas[2], (Effective(draw) & aligned) | (uint)draw.Next(32));
        Set(mas[3], (Data + (uint)draw.Next(4) * 0x10_0000 & aligned) | (uint)draw.Next(64));
        Set(mas[6], 0);
        _code.Add(Asm.Tlbwe);
    }

    /// <summary>A load or a store, in either address space.</summary>
    string Access(Random draw)
    {
        bool store = draw.Next(4) == 0, space = draw.Next(2) == 0;
        Set(mas[4], (uint)draw.Next(2) << 28 | (uint)draw.Next(4) << 16 | (uint)draw.Next(12) << 8 | (uint)draw.Next(128));
        Emit(Asm.Li(5, Effective(draw)));
        if (space)
            _code.AddRange([Asm.Addi(6, 0, 0x10), Asm.Mtmsr(6), Asm.Isync]);
        _code.Add(store ? Asm.Stw(5, 0, 5) : Asm.Lwz(4, 0, 5));
        _code.AddRange([Asm.Addi(6, 0, 0), Asm.Mtmsr(6), Asm.Isync]);
        return $"{(store ? "store" : "load")}, space {(space ? 1 : 0)}";
    }

    void StoreResults()
    {
        int offset = 0;
        foreach (int spr in (int[])[.. mas, Esr, Dear, Sprg0, Sprg1])
        {
            _code.AddRange([Asm.Mfspr(7, spr), Asm.Stw(7, offset, 31)]);
            offset += 4;
        }

        _code.AddRange([Asm.Stw(4, offset, 31), Asm.Stw(30, offset + 4, 31), Asm.Addi(31, 31, ResultWords * 4)]);
    }

    static void Place(byte[] image, uint address, IEnumerable<uint> words)
    {
        foreach (uint word in words)
        {
            BinaryPrimitives.WriteUInt32BigEndian(image.AsSpan((int)address), word);
            address += 4;
        }
    }

    static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out int value)
            ? value
            : otherwise;
}
