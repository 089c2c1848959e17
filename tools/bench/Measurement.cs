namespace Sim.Bench;

/// <summary>One measured figure.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Value">Ours.</param>
/// <param name="Reference">QEMU's in the same run; null where there is none.</param>
/// <param name="Aim">What it should be, for people; empty for none.</param>
public sealed record Measurement(string Name, string Unit, double Value, double? Reference, string Aim)
{
    /// <summary>Ours over QEMU's; null where there is no reference.</summary>
    public double? Ratio => Reference is > 0 ? Value / Reference : null;

    /// <summary>True for a time.</summary>
    public bool IsTime => Unit is "s" or "ms";

    /// <summary>What is measured where less is better: a time, a size or a cost; null for a rate, where more is.</summary>
    public string? Lesser => IsTime ? "time" : Unit switch { "KiB" => "size", "% CPU" => "cost", _ => null };
}

/// <summary>How much to measure.</summary>
/// <param name="Small">True for a run that only shows that everything works, as tests do.</param>
/// <param name="AgainstQemu">True to run the same programs on QEMU too.</param>
public sealed record BenchmarkOptions(bool Small, bool AgainstQemu);
