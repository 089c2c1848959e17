using System.Globalization;
using System.Text;
using System.Text.Json;
using Sim.Engine.Devices.Pci;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.Cli.Views;

/// <summary>Buses and the devices on them, latest first, as QEMU's <c>info qtree</c> prints them.</summary>
internal static class QdevTree
{
    /// <summary>A bus and everything plugged into it.</summary>
    public static string Text(Bus bus)
    {
        var text = new StringBuilder();
        PrintBus(text, bus, 0);
        return text.ToString();
    }

    /// <summary>The same as JSON.</summary>
    public static void WriteJson(Utf8JsonWriter writer, Bus bus)
    {
        writer.WriteStartObject();
        writer.WriteString("name", bus.Name);
        writer.WriteString("type", bus.Class.Type.Name);
        writer.WriteStartArray("devices");
        foreach (var device in bus.Devices.Reverse())
            WriteDevice(writer, device);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void PrintBus(StringBuilder text, Bus bus, int indent)
    {
        text.Append(' ', indent).Append("bus: ").Append(bus.Name).Append('\n');
        text.Append(' ', indent + 2).Append("type ").Append(bus.Class.Type.Name).Append('\n');
        foreach (var device in bus.Devices.Reverse())
            PrintDevice(text, device, indent + 2);
    }

    private static void PrintDevice(StringBuilder text, Device device, int indent)
    {
        text.Append(' ', indent).Append("dev: ").Append(device.Class.Type.Name).Append(", id \"").Append(device.Id).Append("\"\n");
        indent += 2;
        foreach (var (name, count, isInput) in Lines(device))
            text.Append(' ', indent).Append(CultureInfo.InvariantCulture, $"gpio-{(isInput ? "in" : "out")} \"{name}\" {count}\n");
        foreach (var property in Configuration(device))
            text.Append(' ', indent).Append(property.Name).Append(" = ").Append(Shown(property, device)).Append('\n');
        foreach (var (address, size) in Mmio(device))
            text.Append(' ', indent).Append(CultureInfo.InvariantCulture, $"mmio {address:x16}/{size:x16}\n");
        foreach (var line in device is PciDevice pci ? pci.Describe() : [])
            text.Append(' ', indent).Append(line).Append('\n');
        foreach (var bus in device.ChildBuses)
            PrintBus(text, bus, indent);
    }

    private static void WriteDevice(Utf8JsonWriter writer, Device device)
    {
        writer.WriteStartObject();
        writer.WriteString("type", device.Class.Type.Name);
        writer.WriteString("id", device.Id);
        writer.WriteString("path", device.CanonicalPath);
        writer.WriteStartArray("gpio");
        foreach (var (name, count, isInput) in Lines(device))
        {
            writer.WriteStartObject();
            writer.WriteString("name", name);
            writer.WriteString("direction", isInput ? "in" : "out");
            writer.WriteNumber("count", count);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartObject("properties");
        foreach (var property in Configuration(device))
            JsonText.WriteValue(writer, property.Name, property.Get(device), property.Print(device));
        writer.WriteEndObject();
        writer.WriteStartArray("mmio");
        foreach (var (address, size) in Mmio(device))
        {
            writer.WriteStartObject();
            if (address == ulong.MaxValue)
                writer.WriteNull("address");
            else
                writer.WriteNumber("address", address);
            writer.WriteNumber("size", (ulong)size);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("buses");
        foreach (var bus in device.ChildBuses)
            WriteJson(writer, bus);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>GPIO lines, unnamed ones first and without a name.</summary>
    private static IEnumerable<(string Name, int Count, bool IsInput)> Lines(Device device) => device.GpioCounts
        .OrderBy(static line => line.Name.StartsWith("unnamed-", StringComparison.Ordinal) ? 0 : 1)
        .Select(line => (
            line.Name.StartsWith("unnamed-", StringComparison.Ordinal) ? "" : line.Name,
            line.Count,
            device.FindChild($"{line.Name}[0]") is Irq));

    /// <summary>The properties that configure the device, the most derived level's first.</summary>
    private static IEnumerable<Property> Configuration(Device device) =>
        device.Class.Type.Ancestry.SelectMany(static type => type.Class.OwnProperties).Where(static property => property.FixedAfterRealize);

    private static string Shown(Property property, Device device)
    {
        var text = property.Print(device);
        return property.Get(device) switch
        {
            bool flag => flag ? "true" : "false",
            ulong number when text == number.ToString(CultureInfo.InvariantCulture) => $"{text} (0x{number:x})",
            long number when text == number.ToString(CultureInfo.InvariantCulture) => $"{text} (0x{number:x})",
            ulong or long => text,
            _ => $"\"{text}\"",
        };
    }

    /// <summary>Memory-mapped regions; the address is all ones for one that lies in a container instead of the system's memory.</summary>
    private static IEnumerable<(ulong Address, UInt128 Size)> Mmio(Device device) =>
        device is SysBusDevice onBus ? onBus.Regions.Select(region => (onBus.MappedAddress(region) ?? ulong.MaxValue, region.Size)) : [];
}
