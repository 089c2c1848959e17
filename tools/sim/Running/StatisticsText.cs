using System.Globalization;
using System.Text;
using Sim.Engine.Session;

namespace Sim.Cli.Running;

/// <summary>
/// What <c>--stats</c> prints: a row for each figure, a column for all vCPUs together and one for each; then the registers that were
/// accessed most. Kinds and sources that never came are left out.
/// </summary>
internal static class StatisticsText
{
    private const int VcpusPerTable = 8;
    private const int MostRegions = 12;
    private const int ColumnWidth = 12;

    public static string Format(RunStatistics statistics)
    {
        var text = new StringBuilder();
        var vcpus = statistics.Vcpus;
        var rows = vcpus.Count > 0 ? Rows(vcpus, statistics.Interrupts) : [];
        for (var first = 0; first < vcpus.Count; first += VcpusPerTable)
            Append(text, "vCPUs", Columns(rows, first, vcpus.Count));
        Append(text, "device registers", RegionRows(statistics.Regions));
        return text.ToString();
    }

    /// <summary>All rows, with the figure of all vCPUs first.</summary>
    private static List<Row> Rows(IReadOnlyList<VcpuStatistics> vcpus, IReadOnlyList<InterruptStatistics> interrupts)
    {
        var all = vcpus[0] with { Time = vcpus.Sum(static v => v.Time), IdleTime = vcpus.Sum(static v => v.IdleTime) };
        var rows = new List<Row>
        {
            Counts("instructions", vcpus.Select(static v => v.Instructions)),
            new("idle", [Percent(all.IdleShare), .. vcpus.Select(static v => Percent(v.IdleShare))]),
            Counts("data TLB misses", vcpus.Select(static v => v.DataTlbMisses)),
            Counts("instruction TLB misses", vcpus.Select(static v => v.InstructionTlbMisses)),
            new("exceptions taken", []),
        };
        rows.AddRange(vcpus[0].Exceptions.Keys
            .Where(kind => vcpus.Any(v => v.Exceptions[kind] > 0))
            .Select(kind => Counts("  " + kind, vcpus.Select(v => v.Exceptions[kind]))));
        rows.Add(new("interrupts by source", []));
        rows.AddRange(interrupts.Select(static source => Counts("  " + Name(source), source.Counts)));
        return rows;
    }

    private static string Name(InterruptStatistics source)
    {
        var name = source.Number < 0
            ? source.Source
            : string.Create(CultureInfo.InvariantCulture, $"{source.Source} (source {source.Number})");
        return source.Devices.Count > 0 ? $"{name} {string.Join(", ", source.Devices)}" : name;
    }

    private static List<Row> Columns(List<Row> rows, int first, int vcpus)
    {
        var count = Math.Min(VcpusPerTable, vcpus - first);
        var head = Enumerable.Range(first, count).Select(static vcpu => string.Create(CultureInfo.InvariantCulture, $"cpu{vcpu}"));
        return [new("", ["all", .. head]), .. rows.Select(row => row.Figures.Count == 0 ? row : row with
        {
            Figures = [row.Figures[0], .. row.Figures.Skip(1 + first).Take(count)],
        })];
    }

    private static List<Row> RegionRows(IReadOnlyList<RegionStatistics> regions)
    {
        var all = regions.Sum(static region => region.Accesses);
        var rows = new List<Row> { new("", ["accesses", "reads", "writes", "share"]) };
        rows.AddRange(regions.Take(MostRegions).Select(region => RegionRow(region.Path, region.Reads, region.Writes, all)));
        if (regions.Skip(MostRegions).ToList() is { Count: > 0 } rest)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{rest.Count} more");
            rows.Add(RegionRow(name, rest.Sum(static region => region.Reads), rest.Sum(static region => region.Writes), all));
        }

        rows.Add(RegionRow("all", regions.Sum(static region => region.Reads), regions.Sum(static region => region.Writes), all));
        return rows;
    }

    private static Row RegionRow(string name, long reads, long writes, long all)
    {
        var share = all > 0 ? (double)(reads + writes) / all : 0;
        return new(name, [Number(reads + writes), Number(reads), Number(writes), Percent(share)]);
    }

    private static void Append(StringBuilder text, string title, List<Row> rows)
    {
        var width = Math.Max(title.Length - 1, rows.Max(static row => row.Name.Length)) + 2;
        text.Append((title + ":").PadRight(width));
        foreach (var row in rows)
        {
            if (row.Name.Length > 0)
                text.Append(("  " + row.Name).PadRight(width));
            foreach (var figure in row.Figures)
                text.Append(' ').Append(figure.PadLeft(ColumnWidth));
            while (text[^1] == ' ')
                text.Length--;
            text.Append('\n');
        }
    }

    private static Row Counts(string name, IEnumerable<long> counts)
    {
        var each = counts.ToList();
        return new(name, [Number(each.Sum()), .. each.Select(Number)]);
    }

    private static string Number(long count) => count.ToString(CultureInfo.InvariantCulture);

    private static string Percent(double share) => share.ToString("P1", CultureInfo.InvariantCulture);

    /// <summary>A line of a table.</summary>
    /// <param name="Name">What it is about; empty for the head.</param>
    /// <param name="Figures">Its columns.</param>
    private sealed record Row(string Name, IReadOnlyList<string> Figures);
}
