using System.Runtime.InteropServices;
using Sim.Engine.Cpu.PowerPc;

namespace Sim.Tests;

/// <summary>
/// Runs the handlers of a case's instructions one after the other on a bare state: decode tables and handlers alone, with one page of
/// scratch memory. For instructions that neither branch nor miss the TLB.
/// </summary>
public static unsafe class StraightLine
{
    /// <summary>The outcome of the case.</summary>
    public static PowerPcCase.Outcome Run(PowerPcCase input)
    {
        var s = (PowerPcState*)NativeMemory.AlignedAlloc((nuint)sizeof(PowerPcState), 64);
        var tlb = (SoftTlbEntry*)NativeMemory.AllocZeroed((nuint)(4 * Context.SoftTlbPages * sizeof(SoftTlbEntry)));
        var code = (CodeTlbEntry*)NativeMemory.AllocZeroed((nuint)(8 * Context.SoftTlbPages * sizeof(CodeTlbEntry)));
        var page = (byte*)NativeMemory.AllocZeroed(4096);
        var ops = (Op*)NativeMemory.AllocZeroed((nuint)((PowerPcCase.MaxWords + 1) * sizeof(Op)));
        try
        {
            NativeMemory.Clear(s, (nuint)sizeof(PowerPcState));
            s->DataTlbs = tlb;
            s->CodeTlbs = code;
            MapScratch(tlb, page);
            Load(s, input, page);
            for (int i = 0; i < input.Code.Length; i++)
            {
                Decoder.Decode(input.Code[i], input.Msr, &ops[i]);
                ops[i].PageOffset = (ushort)(4 * i);
                ops[i].Left = (ushort)(input.Code.Length - i);
            }
            ops[input.Code.Length].PageOffset = (ushort)(4 * input.Code.Length);
            ops[input.Code.Length].Handler = &End;
            ops[0].Handler(s, ops, 0);
            return Store(s, page);
        }
        finally
        {
            NativeMemory.AlignedFree(s);
            NativeMemory.Free(tlb);
            NativeMemory.Free(code);
            NativeMemory.Free(page);
            NativeMemory.Free(ops);
        }
    }

    /// <summary>The system call that ends every case.</summary>
    static long End(PowerPcState* s, Op* op, long budget)
    {
        Exceptions.TakeBase(s, Vector.SystemCall, Dispatch.AddressOf(s, op) + 4);
        return 0;
    }

    static void MapScratch(SoftTlbEntry* tlb, byte* page)
    {
        for (int i = 0; i < 4 * Context.SoftTlbPages; i++)
        {
            bool isScratch = i % Context.SoftTlbPages == (int)(ConformanceProgram.Scratch >> 12) % Context.SoftTlbPages;
            tlb[i].ReadTag = tlb[i].WriteTag = isScratch ? ConformanceProgram.Scratch : SoftTlbEntry.NoPage;
            tlb[i].Addend = page - ConformanceProgram.Scratch;
        }
    }

    static void Load(PowerPcState* s, PowerPcCase input, byte* page)
    {
        for (int i = 0; i < 32; i++)
        {
            s->Gpr[i] = (uint)input.Gpr[i];
            s->GprHigh[i] = (uint)(input.Gpr[i] >> 32);
        }
        Context.SetMsr(s, input.Msr);
        Flags.SetCr(s, input.Cr);
        Flags.SetXer(s, input.Xer);
        s->Acc = input.Acc;
        s->Spefscr = input.Spefscr;
        s->Lr = input.Lr;
        s->Ctr = input.Ctr;
        s->PcPage = ConformanceProgram.CodeSlot;
        s->Ivpr = ConformanceProgram.Vectors;
        for (int i = 0; i < 20; i++)
            s->Ivor[i] = (uint)(i < 16 ? i : i + 16) * 16;
        input.Memory.CopyTo(new Span<byte>(page, PowerPcCase.MemorySize));
    }

    static PowerPcCase.Outcome Store(PowerPcState* s, byte* page)
    {
        var outcome = new PowerPcCase.Outcome
        {
            Acc = s->Acc,
            Cr = Flags.GetCr(s),
            Xer = Flags.GetXer(s),
            Lr = s->Lr,
            Ctr = s->Ctr,
            Spefscr = s->Spefscr,
            Vector = (s->Pc - ConformanceProgram.Vectors) / 16,
            Srr0 = s->Srr0,
            Srr1 = s->Srr1,
            Esr = s->Esr,
            Dear = s->Dear,
        };
        for (int i = 0; i < 32; i++)
            outcome.Gpr[i] = (ulong)s->GprHigh[i] << 32 | s->Gpr[i];
        new Span<byte>(page, PowerPcCase.MemorySize).CopyTo(outcome.Memory);
        return outcome;
    }
}
