using System.Globalization;
using Sim.Engine.Boards;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Session;
using Xunit;

namespace Sim.Tests;

public sealed class PowerPcCpuModelsTests
{
    private static readonly string[] Reference =
        [.. File.ReadLines(Path.Combine(Repository.Root, "tests", "Sim.Tests", "Cpu", "PowerPc", "cpu-models.txt")).Where(static line => !line.StartsWith('#'))];

    [Fact]
    public void Models_and_their_versions_are_those_of_the_reference() => Assert.Equal(
        Reference,
        PowerPcCpuModels.All.Select(static m => string.Create(CultureInfo.InvariantCulture,
            $"{m.Name} {m.ProcessorVersion:x8} {m.SystemVersion:x8} {m.Tlb0Configuration:x8} {m.Tlb1Configuration:x8}")).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("mpc8548e", "mpc8548e_v21", 0x8021_0021, 0x8039_0021)]
    [InlineData("E500v2", "e500v2_v22", 0x8021_0022, 0)]
    [InlineData("mpc8540_v21-powerpc-cpu", "mpc8540_v21", 0x8020_0020, 0x8030_0021)]
    public void A_model_is_found_by_alias_name_and_type_and_tells_its_versions(string wanted, string model, uint version, uint system)
    {
        using var session = Session.Boot(new MachineConfiguration
        {
            Cpu = wanted,
            Bios = new GuestImage("demo", File.ReadAllBytes(Path.Combine(Repository.Root, "tools", "guests", "demo", "demo.elf"))),
        });
        var cpu = session.Machine.Devices().OfType<PowerPcCpu>().Single();
        Assert.Equal(model, cpu.Model.Name);
        Assert.Equal((version, system), ((uint)cpu.ReadRegister("pvr"), (uint)cpu.ReadRegister("svr")));
    }
}
