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
        Beginning(text, difference.Beginning);
        text.Append(CultureInfo.InvariantCulture, $"{(difference.Beginning.Count > 0 ? "otherwise equal" : "equal")} up to {difference.LastEqual}\n");
        if (difference.Instruction is ({ } a, { } b))
        {
            text.Append(a == b
                ? string.Create(CultureInfo.InvariantCulture, $"then, after the instruction of CPU {a.Vcpu} at 0x{a.Pc:x8}:\n")
                : string.Create(CultureInfo.InvariantCulture, $"then CPU {a.Vcpu} executed 0x{a.Pc:x8} -> CPU {b.Vcpu} 0x{b.Pc:x8}:\n"));
        }
        else if (difference.End is { } end)
            text.Append(CultureInfo.InvariantCulture, $"then the first {end.First} -> the second {end.Second}\n");
        else if (difference.Differences.Count == 0)
            text.Append("which is the end of both\n");
        List(text, difference.Differences);
        return PrintableText.Of(text.ToString());
    }

    /// <summary>What differs from the start; sections, such as those of a CPU, that one machine alone has are named as such.</summary>
    private static void Beginning(StringBuilder text, IReadOnlyList<SnapshotDifference> differences)
    {
        var sections = differences.Where(static d => d.IsSectionOfOne).ToList();
        foreach (var (side, isFirst) in (ReadOnlySpan<(string, bool)>)[("first", true), ("second", false)])
        {
            var alone = sections.Where(d => d.IsInFirst == isFirst).Select(static d => $"{d.Where} {d.What}").ToList();
            if (alone.Count > 0)
                text.Append(CultureInfo.InvariantCulture, $"only the {side} machine has: {string.Join(", ", alone)}\n");
        }

        var others = differences.Except(sections).ToList();
        if (others.Count > 0)
            text.Append("different from the beginning:\n");
        List(text, others);
    }

    private static void List(StringBuilder text, IReadOnlyList<SnapshotDifference> differences)
    {
        foreach (var (where, what, first, second) in differences.Take(Listed))
            text.Append(CultureInfo.InvariantCulture, $"  {where} {what}: {Short(first)} -> {Short(second)}\n");
        if (differences.Count > Listed)
            text.Append(CultureInfo.InvariantCulture, $"  and {differences.Count - Listed} more\n");
    }

    private static string Short(string text) => text.Length <= 64 ? text : text[..63] + "…";
}
