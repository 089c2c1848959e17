using System.Globalization;
using System.Text;
using Sim.Snapshots;

namespace Sim.Cli.Views;

/// <summary>What <c>sim replay --compare</c> shows.</summary>
internal static class ComparisonText
{
    /// <summary>Differences that are listed at most.</summary>
    private const int Listed = 40;

    public static string Of(RunDifference difference)
    {
        var text = new StringBuilder();
        foreach (var (where, what, first, second) in difference.Configuration)
            text.Append(CultureInfo.InvariantCulture, $"{where} {what}: {first} -> {second}\n");
        if (difference.Input is { } input)
            text.Append(CultureInfo.InvariantCulture, $"first different input: {input.First} -> {input.Second}\n");
        text.Append(difference.LastEqual is { } last
            ? string.Create(CultureInfo.InvariantCulture, $"equal up to {last}\n")
            : "never equal\n");
        if (difference.Instruction is ({ } a, { } b))
        {
            text.Append(a == b
                ? string.Create(CultureInfo.InvariantCulture, $"then, after the instruction of CPU {a.Vcpu} at 0x{a.Pc:x8}:\n")
                : string.Create(CultureInfo.InvariantCulture, $"then CPU {a.Vcpu} executed 0x{a.Pc:x8} -> CPU {b.Vcpu} 0x{b.Pc:x8}:\n"));
        }

        foreach (var (where, what, first, second) in difference.Differences.Take(Listed))
            text.Append(CultureInfo.InvariantCulture, $"  {where} {what}: {Short(first)} -> {Short(second)}\n");
        if (difference.Differences.Count > Listed)
            text.Append(CultureInfo.InvariantCulture, $"  and {difference.Differences.Count - Listed} more\n");
        return PrintableText.Of(text.ToString());
    }

    private static string Short(string text) => text.Length <= 64 ? text : text[..63] + "…";
}
