using Sim.Engine.Base;
using Sim.Engine.Qom;

namespace Sim.Engine.Qdev;

/// <summary>Refuses State that a file brought and that no run can have made.</summary>
internal static class LoadedState
{
    /// <summary>Refuses the load unless <paramref name="condition"/> holds.</summary>
    /// <param name="owner">Whose state it is.</param>
    /// <param name="condition">What every State of a run fulfils.</param>
    /// <param name="what">The expectation, such as "the FIFO holds up to 16 bytes".</param>
    /// <exception cref="SimException">It does not hold.</exception>
    public static void Require(QomObject owner, bool condition, string what)
    {
        if (!condition)
            throw new SimException($"State of '{owner.CanonicalPath}' of type '{owner.Class.Type.Name}' cannot be loaded: {what}.", SimErrorKind.Guest);
    }
}
