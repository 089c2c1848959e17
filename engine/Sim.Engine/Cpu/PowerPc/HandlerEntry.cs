using System.Runtime.InteropServices;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>
/// Where a handler's code begins. A function pointer leads to a stub that jumps on, which lets the JIT compile a handler when it is first
/// called; once it is compiled, ops can go there without the second jump, which makes dispatch about a third faster on x64.
/// </summary>
/// <remarks>
/// The stub is recognised by its bytes (<c>jmp [rip+n]</c>, whose target is the next instruction until the method is compiled).
/// Handlers are
/// never compiled again, as they carry AggressiveOptimization. Whatever looks different is left as it is.
/// </remarks>
internal static unsafe class HandlerEntry
{
    static readonly bool isX64 = RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>Points an op at its handler's code; false while that is not compiled.</summary>
    public static bool Shorten(Op* op)
    {
        if (!isX64)
            return true;
        byte* stub = (byte*)op->Handler;
        if (stub[0] != 0xFF || stub[1] != 0x25)
            return true;
        byte* next = stub + 6, target = *(byte**)(next + *(int*)(stub + 2));
        if (target == next)
            return false;
        op->Handler = (delegate*<PowerPcState*, Op*, long, long>)target;
        return true;
    }
}
