using Sim.Engine.Boards;
using Sim.Engine.Boards.Images;
using Sim.Engine.Session;
using Xunit;

namespace Sim.Tests;

public sealed class ReadmeExampleTests
{
    [Fact]
    public void The_readme_holds_this_example()
    {
        static string Own(string text) => text[text.IndexOf("        var uboot", StringComparison.Ordinal)..text.IndexOf("token).Reason", StringComparison.Ordinal)];
        var source = File.ReadAllText(Path.Combine(Repository.Root, "tests", "Sim.Tests", "ReadmeExampleTests.cs"));
        var readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
        Assert.Equal(Own(readme), Own(source[source.IndexOf("public void U_Boot", StringComparison.Ordinal)..]));
    }

    [Fact]
    public void U_Boot_tells_its_version()
    {
        _ = TestGuests.UBoot();   // Skips where it is not installed.
        var token = TestContext.Current.CancellationToken;
        var uboot = ImageFile.Read("/usr/lib/u-boot/qemu-ppce500/uboot.elf", "firmware");
        using var session = Session.Boot(new MachineConfiguration { Bios = uboot, Smp = 2 });
        session.RunUntilOutput("=> ", cancellationToken: token);
        session.Send("version\r");
        session.RunUntilOutput("=> ", cancellationToken: token);
        Assert.Contains("GNU ld", session.Console.Text, StringComparison.Ordinal);
        session.Send("poweroff\r");
        Assert.Equal(EndReason.PowerOff, session.Run(cancellationToken: token).Reason);
    }
}
