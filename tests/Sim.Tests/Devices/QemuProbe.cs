using System.Diagnostics;
using System.Globalization;
using Sim.Engine.Base;
using Xunit;

namespace Sim.Tests;

/// <summary>
/// The reference board in QEMU, its CPU stopped, its registers read and written through the qtest protocol: the black box that devices
/// are compared with.
/// </summary>
internal sealed class QemuProbe : IDisposable
{
    /// <summary>Where the board has its device registers.</summary>
    public const ulong Ccsr = 0xF_E000_0000;

    private readonly Process process;
    private readonly ProcessDeadline deadline;
    private readonly Dictionary<int, bool> lines = [];

    public QemuProbe(params IEnumerable<string> arguments)
        : this("ppce500", "/machine/pic", arguments)
    {
    }

    /// <summary>Starts a board and reports the input lines of the device at the path given, instead of letting it have them.</summary>
    public QemuProbe(string machine, string intercepted, IEnumerable<string> arguments)
    {
        HostTool.Require("qemu-system-ppc", "qemu-system-ppc");
        string[] fixedArguments =
        [
            "-M", machine, "-nic", "none", "-display", "none", "-monitor", "none", "-S", "-qtest", "stdio", "-qtest-log", "/dev/null",
            "-bios", Path.Combine(Repository.Root, "tools/guests/demo/demo.elf"),
        ];
        var start = new ProcessStartInfo("qemu-system-ppc", fixedArguments.Concat(arguments))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        process = Process.Start(start)!;
        deadline = new ProcessDeadline(process);
        Command($"irq_intercept_in {intercepted}");
    }

    /// <summary>The level of an input of the device whose inputs are intercepted (the interrupt controller, unless another was named), as QEMU last told it.</summary>
    public bool Line(int number) => lines.GetValueOrDefault(number);

    public ulong Read(ulong address, int size) => Number(Command($"read{Letter(size)} 0x{address:x}"));

    public void Write(ulong address, ulong value, int size) => Command($"write{Letter(size)} 0x{address:x} 0x{value:x}");

    /// <summary>Drives an input line of a device.</summary>
    public void SetIrqIn(string path, int number, bool level) => Command($"set_irq_in {path} unnamed-gpio-in {number} {(level ? 1 : 0)}");

    /// <summary>Every value of a register range, word by word.</summary>
    public uint[] Words(ulong address, int count) => [.. Enumerable.Range(0, count).Select(i => (uint)Read(address + 4 * (ulong)i, 4))];

    public void Dispose()
    {
        process.Kill();
        process.WaitForExit();
        deadline.Dispose();
        process.Dispose();
    }

    private static char Letter(int size) => size switch { 1 => 'b', 2 => 'w', 4 => 'l', _ => 'q' };

    private static ulong Number(string text) => ulong.Parse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private string Command(string line)
    {
        process.StandardInput.WriteLine(line);
        process.StandardInput.Flush();
        while (true)
        {
            var reply = process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"QEMU ended at '{line}': {process.StandardError.ReadToEnd()}");
            var words = reply.Split(' ');
            if (words[0] == "IRQ")
                lines[int.Parse(words[2], CultureInfo.InvariantCulture)] = words[1] == "raise";
            else if (words[0] == "OK")
                return words.Length > 1 ? words[1] : "";
            else
                throw new InvalidOperationException($"QEMU answers '{line}' with '{reply}'.");
        }
    }
}

/// <summary>Makes the same random accesses to a device on a bench and in QEMU, and compares all that can be seen.</summary>
internal static class Comparison
{
    /// <summary>One kind of access that a comparison draws.</summary>
    /// <param name="Offset">Offset of the register.</param>
    /// <param name="Size">Bytes.</param>
    /// <param name="Values">Values worth writing; empty for a register that is only read.</param>
    public sealed record Access(ulong Offset, int Size, params ulong[] Values);

    /// <summary>
    /// Runs <paramref name="count"/> accesses drawn from <paramref name="accesses"/>, compares every value read and, after each access,
    /// what <paramref name="check"/> does.
    /// </summary>
    public static void Run(ulong seed, int count, DeviceBench bench, ulong mine, QemuProbe qemu, ulong theirs, IReadOnlyList<Access> accesses, Func<(bool Mine, bool Theirs)> check)
    {
        var random = Prng.FromSeed(seed);
        var log = new List<string>();
        for (var i = 0; i < count; i++)
        {
            var access = accesses[(int)random.Below(accesses.Count)];
            if (access.Values.Length > 0 && random.Below(3) > 0)
            {
                var value = access.Values[random.Below(access.Values.Length)];
                bench.Machine.Memory.Write(mine + access.Offset, value, access.Size, null);
                qemu.Write(theirs + access.Offset, value, access.Size);
                log.Add($"write{access.Size} +{access.Offset:x} {value:x}");
            }
            else
            {
                var ours = bench.Machine.Memory.Read(mine + access.Offset, access.Size, null);
                var reference = qemu.Read(theirs + access.Offset, access.Size);
                log.Add($"read{access.Size} +{access.Offset:x} = {ours:x}, reference {reference:x}");
                Assert.True(ours == reference, Tail(seed, log));
            }

            var (line, expected) = check();
            if (line != expected)
            {
                log.Add($"line is {line}, reference {expected}");
                Assert.Fail(Tail(seed, log));
            }
        }
    }

    private static string Tail(ulong seed, List<string> log) => $"seed {seed}, latest accesses:\n{string.Join('\n', log.TakeLast(25))}";
}
