using System.Buffers.Binary;
using System.Globalization;
using Xunit;

namespace Sim.Tests;

/// <summary>The guests' reference output under Boards/data is what QEMU prints with the checked-in programs.</summary>
public sealed class GuestReferenceTests
{
    const string Qemu = "qemu-system-ppc";

    static readonly string Guests = Path.Combine(Repository.Root, "tools", "guests");
    static readonly string Data = Path.Combine(Repository.Root, "tests", "Sim.Tests", "Boards", "data");

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void Demo_text_is_what_qemu_prints(int cpus) =>
        Assert.Equal(
            File.ReadAllText(Path.Combine(Data, string.Create(CultureInfo.InvariantCulture, $"demo-smp{cpus}.txt"))),
            RunInQemu(Path.Combine(Guests, "demo", "demo.elf"), cpus));

    [Theory]
    [InlineData("integer")]
    [InlineData("memory")]
    [InlineData("calls")]
    [InlineData("muldiv")]
    [InlineData("mmio")]
    [InlineData("exceptions")]
    public void Workload_line_of_one_round_is_what_qemu_prints(string workload)
    {
        var program = File.ReadAllBytes(Path.Combine(Guests, "bench", workload + ".elf"));
        BinaryPrimitives.WriteUInt32BigEndian(program.AsSpan(program.AsSpan().IndexOf("SIMBENCH"u8) + 8), 1);
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(file, program);
            var start = $"bench {workload} repeat=1 ";
            var expected = File.ReadLines(Path.Combine(Data, "bench-lines.txt")).Single(line => line.StartsWith(start, StringComparison.Ordinal));
            Assert.Equal(expected + "\r\n", RunInQemu(file, cpus: 1));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void Torture_lines_are_what_qemu_prints(int cpus)
    {
        var lines = RunInQemu(Path.Combine(Guests, "torture", "torture.elf"), cpus).Split('\n').Where(static line => !line.StartsWith("# ", StringComparison.Ordinal));
        Assert.Equal(File.ReadAllText(Path.Combine(Data, string.Create(CultureInfo.InvariantCulture, $"torture-smp{cpus}.txt"))), string.Join('\n', lines));
    }

    static string RunInQemu(string program, int cpus)
    {
        HostTool.Require(Qemu, "qemu-system-ppc");
        string[] arguments =
        [
            "-M", "ppce500", "-smp", cpus.ToString(CultureInfo.InvariantCulture), "-m", "256", "-nic", "none",
            "-display", "none", "-monitor", "none", "-serial", "stdio", "-bios", program,
        ];
        for (var seconds = 8; ; seconds *= 2)
        {
            try
            {
                var result = HostTool.Run(Qemu, arguments, seconds: seconds);
                Assert.True(result.ExitCode == 0, result.Error);
                return result.Text;
            }
            catch (TimeoutException) when (seconds < 64)
            {
                // QEMU at times sleeps for ever after a few milliseconds, all its threads waiting for each other. A run takes it five seconds at most.
            }
        }
    }
}
