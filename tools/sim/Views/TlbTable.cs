using System.Globalization;
using System.Text;
using Sim.Engine.Cpu.PowerPc;

namespace Sim.Cli.Views;

/// <summary>The valid entries of a CPU's TLBs, like <c>info tlb</c> of QEMU's monitor.</summary>
internal static class TlbTable
{
    /// <summary>The table, TLB0 first.</summary>
    public static string Text(PowerPcCpu cpu)
    {
        var text = new StringBuilder();
        var entries = cpu.TlbEntries();
        for (var tlb = 0; tlb < 2; tlb++)
        {
            var own = entries.Where(entry => entry.Tlb == tlb).ToList();
            text.Append(CultureInfo.InvariantCulture, $"CPU #{cpu.CpuIndex} TLB{tlb}: {own.Count} valid entries\n");
            if (own.Count == 0)
                continue;
            text.Append("entry  effective   physical      size  TID  TS  user  supervisor  attributes  protected\n");
            foreach (var entry in own)
                Append(text, entry);
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, TlbEntry entry) => text.Append(
        CultureInfo.InvariantCulture,
        $"{entry.Index,5}  0x{entry.Effective:x8}  0x{entry.Physical:x9}  {Size(entry.Size),5}  {entry.Tid,3}  {entry.Space,2}  "
            + $"{Rights(entry.Mas3 >> 1),-4}  {Rights(entry.Mas3),-10}  {Attributes(entry.Mas2),-10}  "
            + $"{(entry.IsProtected ? "yes" : "no")}\n");

    private static string Size(ulong bytes) => bytes switch
    {
        >= 1UL << 30 => (bytes >> 30).ToString(CultureInfo.InvariantCulture) + "G",
        >= 1UL << 20 => (bytes >> 20).ToString(CultureInfo.InvariantCulture) + "M",
        _ => (bytes >> 10).ToString(CultureInfo.InvariantCulture) + "K",
    };

    /// <summary>MAS3: SR, SW, SX at bits 0, 2, 4; those of user state one bit further up.</summary>
    private static string Rights(uint mas3) =>
        $"{((mas3 & 1) != 0 ? 'R' : '-')}{((mas3 & 4) != 0 ? 'W' : '-')}{((mas3 & 16) != 0 ? 'X' : '-')}";

    /// <summary>MAS2: W, I, M, G, E at bits 4 to 0.</summary>
    private static string Attributes(uint mas2) =>
        string.Concat("WIMGE".Select((letter, index) => (mas2 >> (4 - index) & 1) != 0 ? letter : '-'));
}
