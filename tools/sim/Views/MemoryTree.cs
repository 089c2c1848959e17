using System.Globalization;
using System.Text;
using System.Text.Json;
using Sim.Engine.Memory;
using Sim.Engine.Qom;

namespace Sim.Cli.Views;

/// <summary>
/// Address spaces and the regions below their roots, as QEMU's <c>info mtree</c> prints them, or flattened, as <c>info mtree -f</c> does.
/// </summary>
internal static class MemoryTree
{
    /// <summary>
    /// The tree of every address space, then that of every region which an alias shows. Disabled regions are left out, as QEMU does without
    /// -D.
    /// </summary>
    public static string Text(QomObject top)
    {
        var text = new StringBuilder();
        var targets = new List<MemoryRegion>();
        foreach (var space in Spaces(top))
        {
            text.Append("address-space: ").Append(space.Name).Append('\n');
            Print(text, space.Root, 0, 1, targets);
            text.Append('\n');
        }

        for (var index = 0; index < targets.Count; index++)
        {
            text.Append("memory-region: ").Append(targets[index].Name).Append('\n');
            Print(text, targets[index], 0, 1, targets);
            text.Append('\n');
        }

        return text.ToString();
    }

    /// <summary>The flat view of every address space.</summary>
    public static string FlatText(QomObject top)
    {
        var text = new StringBuilder();
        foreach (var (index, space) in Spaces(top).Index())
        {
            text.Append(CultureInfo.InvariantCulture,
                $"FlatView #{index}\n AS \"{space.Name}\", root: {space.Root.Name}\n Root memory region: {space.Root.Name}\n");
            foreach (var range in space.View.Ranges)
            {
                text.Append(CultureInfo.InvariantCulture,
                    $"  {range.Start:x16}-{range.Last:x16} (prio {range.Region.Priority}, {Kind(range.Region)}): {range.Region.Name}");
                text.Append(range.Offset == 0 ? "\n" : $" @{range.Offset:x16}\n");
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    /// <summary>Trees or flat views as JSON.</summary>
    public static void WriteJson(Utf8JsonWriter writer, QomObject top, bool flat)
    {
        writer.WriteStartArray();
        foreach (var space in Spaces(top))
        {
            writer.WriteStartObject();
            writer.WriteString("addressSpace", space.Name);
            if (flat)
            {
                writer.WriteStartArray("ranges");
                foreach (var range in space.View.Ranges)
                    WriteRange(writer, range);
                writer.WriteEndArray();
            }
            else
            {
                writer.WritePropertyName("root");
                WriteRegion(writer, space.Root, 0);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <summary>The address spaces of a machine, in order of name.</summary>
    private static List<AddressSpace> Spaces(QomObject top) =>
        [.. Regions(top).SelectMany(static r => r.AddressSpaces).OrderBy(static s => s.Name, StringComparer.Ordinal)];

    private static IEnumerable<MemoryRegion> Regions(QomObject at) =>
        at.Children.SelectMany(static child => child is MemoryRegion region ? Regions(child).Prepend(region) : Regions(child));

    private static void Print(StringBuilder text, MemoryRegion region, ulong address, int depth, List<MemoryRegion> targets)
    {
        if (region.AliasTarget is { } shown && !targets.Contains(shown))
            targets.Add(shown);
        if (!region.Enabled)
            return;
        text.Append(' ', 2 * depth)
            .Append(CultureInfo.InvariantCulture, $"{address:x16}-{Last(region, address):x16} (prio {region.Priority}, {Kind(region)}): ");
        if (region.AliasTarget is { } target)
        {
            var end = region.AliasOffset + (ulong)(region.Size - 1);
            text.Append(CultureInfo.InvariantCulture, $"alias {region.Name} @{target.Name} {region.AliasOffset:x16}-{end:x16}");
        }
        else
            text.Append(region.Name);

        text.Append('\n');
        foreach (var subregion in InOrder(region))
            Print(text, subregion, address + subregion.Address, depth + 1, targets);
    }

    private static void WriteRegion(Utf8JsonWriter writer, MemoryRegion region, ulong address)
    {
        writer.WriteStartObject();
        writer.WriteString("name", region.Name);
        writer.WriteString("kind", region.Kind.ToString().ToLowerInvariant());
        writer.WriteNumber("first", address);
        writer.WriteNumber("last", Last(region, address));
        writer.WriteNumber("priority", region.Priority);
        writer.WriteBoolean("enabled", region.Enabled);
        if (region.AliasTarget is { } target)
        {
            writer.WriteString("aliasOf", target.Name);
            writer.WriteNumber("aliasOffset", region.AliasOffset);
        }

        writer.WriteStartArray("subregions");
        foreach (var subregion in InOrder(region))
            WriteRegion(writer, subregion, address + subregion.Address);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteRange(Utf8JsonWriter writer, FlatRange range)
    {
        writer.WriteStartObject();
        writer.WriteNumber("first", range.Start);
        writer.WriteNumber("last", range.Last);
        writer.WriteString("region", range.Region.Name);
        writer.WriteString("kind", range.Region.Kind.ToString().ToLowerInvariant());
        writer.WriteNumber("offset", range.Offset);
        writer.WriteEndObject();
    }

    private static IEnumerable<MemoryRegion> InOrder(MemoryRegion region) =>
        region.Subregions.OrderBy(static r => r.Address).ThenByDescending(static r => r.Priority);

    private static ulong Last(MemoryRegion region, ulong address) => address + (ulong)(region.Size - 1);

    private static string Kind(MemoryRegion region) => region.Kind switch
    {
        MemoryRegionKind.Ram => "ram",
        MemoryRegionKind.Rom => "rom",
        _ => "i/o",
    };
}
