using System.Runtime.CompilerServices;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>
/// Finds out whether the JIT makes jumps of the handlers' last calls. It does in optimised code; with DOTNET_JITMinOpts=1 it does not, and
/// the core then runs block by block, so that the host's stack stays bounded. Results are the same.
/// </summary>
internal static unsafe class TailCallProbe
{
    /// <summary>True when a chain of handlers takes no stack.</summary>
    public static readonly bool Works = StackAddress(1) == StackAddress(4);

    static long StackAddress(int length)
    {
        Op* ops = stackalloc Op[5];
        for (int i = 0; i < length; i++)
            ops[i].Handler = &Pass;
        ops[length].Handler = &ReturnStackAddress;
        // Both lengths are measured from frames of this one method, so the difference to its own frame is what counts.
        return (long)ops - ops->Handler(null, ops, 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static long Pass(PowerPcState* s, Op* op, long budget) => op[1].Handler(s, op + 1, budget);

    [MethodImpl(MethodImplOptions.NoInlining)]
    static long ReturnStackAddress(PowerPcState* s, Op* op, long budget)
    {
        long local = budget;
        return (long)&local;
    }
}
