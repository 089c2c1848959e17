using System.Globalization;
using System.Text;
using Sim.Engine.Cpu.PowerPc;

namespace Sim.Cli.Gdb;

/// <summary>
/// The registers that gdb is shown, by its numbers: the core's and SPE's as QEMU numbers them, then the special-purpose registers.
/// </summary>
internal static class GdbRegisters
{
    /// <summary>Those that gdb knows by number, in ascending order; the packets g and G hold them.</summary>
    public static IReadOnlyList<int> General { get; } =
        [.. Enumerable.Range(0, PowerPcCpu.GdbRegisterCount).Where(static number => PowerPcCpu.GdbRegisterSize(number) > 0)];

    /// <summary>Names by number; null for numbers without a register.</summary>
    private static readonly string?[] names = BuildNames();

    /// <summary>The target description (gdb manual, appendix G).</summary>
    public static string TargetXml { get; } = BuildXml();

    /// <summary>Bytes of a register; 0 when there is none of that number.</summary>
    public static int Size(ulong number) => number >= (ulong)names.Length || names[number] is null
        ? 0
        : number < PowerPcCpu.GdbRegisterCount ? PowerPcCpu.GdbRegisterSize((int)number) : 4;

    /// <summary>Name of a register that exists.</summary>
    public static string Name(int number) => names[number]!;

    /// <summary>Value of a register that exists, in hexadecimal, big-endian.</summary>
    public static string Read(PowerPcCpu cpu, int number) =>
        cpu.ReadRegister(Name(number)).ToString(Size((ulong)number) == 8 ? "x16" : "x8", CultureInfo.InvariantCulture);

    private static string?[] BuildNames()
    {
        var known = new string?[PowerPcCpu.GdbRegisterCount];
        for (var number = 0; number < 32; number++)
        {
            known[number] = string.Create(CultureInfo.InvariantCulture, $"r{number}");
            known[71 + number] = string.Create(CultureInfo.InvariantCulture, $"ev{number}h");
        }

        string[] core = ["pc", "msr", "cr", "lr", "ctr", "xer"];
        core.CopyTo(known, 64);
        (known[103], known[104]) = ("acc", "spefscr");
        return [.. known, .. PowerPcCpu.RegisterNames.Except(known.OfType<string>())];
    }

    private static string BuildXml()
    {
        var xml = new StringBuilder(
            "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n<target version=\"1.0\">\n"
            + "<architecture>powerpc:common</architecture>\n");
        Feature(xml, "org.gnu.gdb.power.core", 0, 71, "");
        Feature(xml, "org.gnu.gdb.power.spe", 71, PowerPcCpu.GdbRegisterCount, "");
        Feature(xml, "org.sim.power.spr", PowerPcCpu.GdbRegisterCount, names.Length, " group=\"spr\"");
        return xml.Append("</target>\n").ToString();
    }

    private static void Feature(StringBuilder xml, string name, int from, int to, string group)
    {
        xml.Append(CultureInfo.InvariantCulture, $"<feature name=\"{name}\">\n");
        for (var number = from; number < to; number++)
        {
            if (names[number] is not { } register)
                continue;
            var bits = 8 * Size((ulong)number);
            var type = register is "pc" or "lr" ? "code_ptr" : $"uint{bits}";
            xml.Append(CultureInfo.InvariantCulture,
                $"<reg name=\"{register}\" bitsize=\"{bits}\" regnum=\"{number}\" type=\"{type}\"{group}/>\n");
        }

        xml.Append("</feature>\n");
    }
}
