using System.Globalization;
using System.Text;
using Sim.Engine.Cpu.PowerPc;

namespace Sim.Cli.Views;

/// <summary>The registers of a CPU, like <c>info registers</c> of QEMU's monitor.</summary>
internal static class RegisterTable
{
    private const int Columns = 4;

    /// <summary>General-purpose registers with their upper halves, then all others, without observing time.</summary>
    public static string Text(PowerPcCpu cpu)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"CPU #{cpu.CpuIndex}\n");
        Append(text, Enumerable.Range(0, 32).Select(number => string.Create(
            CultureInfo.InvariantCulture, $"r{number,-2} {cpu.ReadRegister($"ev{number}h"):x8} {cpu.ReadRegister($"r{number}"):x8}")), 22);
        Append(text, PowerPcCpu.RegisterNames.Skip(64).Select(name => name == "acc"
            ? string.Create(CultureInfo.InvariantCulture, $"{name,-8} {cpu.ReadRegister(name):x16}")
            : string.Create(CultureInfo.InvariantCulture, $"{name,-8} {cpu.ReadRegister(name):x8}")), 26);
        return text.ToString();
    }

    private static void Append(StringBuilder text, IEnumerable<string> cells, int width)
    {
        foreach (var row in cells.Chunk(Columns))
            text.Append(string.Join("  ", row.Select(cell => cell.PadRight(width))).TrimEnd()).Append('\n');
    }
}
