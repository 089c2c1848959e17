using System.Reflection;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Boards.Images;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.PropertyKit.Machines;
using Sim.PropertyKit.Snapshots;
using Sim.Snapshots;
using Xunit;

namespace Sim.Tests;

/// <summary>Snapshot files: what is kept of a configuration, images, failures of the disk, versions.</summary>
public sealed class SnapshotFileTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sim-snapshot-");

    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    public void Every_property_of_a_configuration_is_kept()
    {
        var plain = new MachineConfiguration();
        var full = new MachineConfiguration
        {
            Machine = "mpc8544ds",
            MachineProperties = [new("dt-compatible", "x"), new("phandle-start", "7")],
            Cpu = "e500v1",
            Smp = 3,
            Memory = 96 << 20,
            Bios = new GuestImage("b", new byte[] { 1 }),
            Kernel = new GuestImage("k", new byte[] { 2 }),
            Initrd = new GuestImage("i", new byte[] { 3 }),
            Dtb = new GuestImage("d", new byte[] { 4 }),
            Append = "words",
            Devices = [new DeviceRequest("ds1338", [new("address", "1")])],
            Globals = [new GlobalProperty("ds1338", "address", "2")],
            Serials = 0,
            Scheduler = new SchedulerOptions { Policy = SchedulePolicy.Random(9), Quantum = 12_345, Shift = 3 },
            Seed = ulong.MaxValue,
            RtcBase = -5,
        };
        foreach (var property in typeof(MachineConfiguration).GetProperties(BindingFlags.Public | BindingFlags.Instance))
            Assert.NotEqual(Show(property.GetValue(plain)), Show(property.GetValue(full)));
        var images = ConfigurationCodec.Images(full).ToDictionary(static i => i.Role, static i => i.Image);
        var restored = ConfigurationCodec.ToConfiguration(ConfigurationCodec.ToRecord(full), images);
        foreach (var property in typeof(MachineConfiguration).GetProperties(BindingFlags.Public | BindingFlags.Instance))
            Assert.Equal(Show(property.GetValue(full)), Show(property.GetValue(restored)));
    }

    [Fact]
    public void A_disk_that_fills_up_leaves_the_old_file_and_nothing_beside_it()
    {
        var path = At("a.simsnap");
        File.WriteAllText(path, "old");
        var error = Assert.Throws<SimException>(() => AtomicFile.Write(path, static stream =>
        {
            stream.Write(new byte[100_000]);
            throw new IOException("No space left on device");
        }));
        Assert.Equal($"{path}: the file cannot be written (No space left on device).", error.Message);
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Single(directory.GetFiles());
    }

    [Fact]
    public void A_program_that_fails_while_saving_leaves_the_old_file()
    {
        var path = At("a.simsnap");
        File.WriteAllText(path, "old");
        using var session = Demo();
        var options = new SnapshotOptions { Progress = static (_, _) => throw new InvalidOperationException("killed") };
        Assert.Throws<InvalidOperationException>(() => Snapshot.Save(session, path, options));
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Single(directory.GetFiles());
        Snapshot.Save(session, path);
        using var restored = Snapshot.Restore(path);
        Assert.Equal(session.Digest(), restored.Digest());
    }

    [Theory]
    [InlineData("/dev/null", "it would take the place of a device")]
    [InlineData("/", "there is a directory of that name")]
    [InlineData("/no/such/folder/file", "Could not find a part of the path")]
    public void A_place_where_no_file_can_be_is_refused(string path, string why)
    {
        using var session = Demo();
        var error = Assert.Throws<SimException>(() => Snapshot.Save(session, path));
        Assert.StartsWith($"{path}: the file cannot be written", error.Message, StringComparison.Ordinal);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_image_that_is_not_embedded_is_looked_for_by_name_and_beside_the_snapshot()
    {
        var image = At("demo.elf");
        File.WriteAllBytes(image, TestGuests.Demo.Bytes.ToArray());
        var path = At("a.simsnap");
        using var session = Session.Boot(TestGuests.DemoMachine(1) with { Bios = ImageFile.Read(image, "firmware") });
        MachineScenario.RunFor(session, 30_000);
        Snapshot.Save(session, path, new SnapshotOptions { EmbedImages = false });
        using (var restored = Snapshot.Restore(path))
            Assert.Equal(session.Digest(), restored.Digest());

        var elsewhere = directory.CreateSubdirectory("elsewhere");
        File.Move(image, Path.Combine(elsewhere.FullName, "demo.elf"));
        var error = Assert.Throws<SimException>(() => Snapshot.Restore(path));
        Assert.StartsWith(
            $"{path}: it does not hold the image 'bios', and the file {image} does not exist; expected a file with SHA-256 ",
            error.Message, StringComparison.Ordinal);
        File.Move(path, Path.Combine(elsewhere.FullName, "a.simsnap"));
        using (var restored = Snapshot.Restore(Path.Combine(elsewhere.FullName, "a.simsnap")))
            Assert.Equal(session.Digest(), restored.Digest());

        var other = File.ReadAllBytes(Path.Combine(elsewhere.FullName, "demo.elf"));
        other[100] ^= 1;
        File.WriteAllBytes(Path.Combine(elsewhere.FullName, "demo.elf"), other);
        error = Assert.Throws<SimException>(() => Snapshot.Restore(Path.Combine(elsewhere.FullName, "a.simsnap")));
        Assert.Contains("has another content", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_reset_works_with_nothing_but_the_file()
    {
        using var session = Demo();
        using var restored = SnapshotLaws.Restore(SnapshotLaws.Save(session));
        foreach (var machine in (Session[])[session, restored])
        {
            machine.Scheduler.RequestReset();
            Assert.Equal(EndReason.PowerOff, machine.Run(cancellationToken: TestContext.Current.CancellationToken).Reason);
        }

        Assert.Equal(session.Digest(), restored.Digest());
        Assert.Contains("Power off", restored.Console.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_machine_loads_a_snapshot_without_another_machine()
    {
        var path = At("a.simsnap");
        using var session = Demo();
        Snapshot.Save(session, path, new SnapshotOptions { EmbedImages = false });
        var saved = session.Digest();
        session.Run(cancellationToken: TestContext.Current.CancellationToken);
        var end = session.Digest();
        using var fresh = Session.Boot(session.Machine.Configuration);
        foreach (var machine in (Session[])[session, fresh])
        {
            Snapshot.Load(machine, path);
            Assert.Equal(saved, machine.Digest());
            Assert.Equal(EndReason.PowerOff, machine.Run(cancellationToken: TestContext.Current.CancellationToken).Reason);
            Assert.Equal(end, machine.Digest());
        }
    }

    [Fact]
    public void A_machine_of_another_configuration_or_image_is_refused_and_left_alone()
    {
        var path = At("a.simsnap");
        using var session = Demo();
        Snapshot.Save(session, path);
        var configuration = session.Machine.Configuration;
        var image = configuration.Bios!.Bytes.ToArray();
        image[^1] ^= 1;
        foreach (var other in (MachineConfiguration[])[configuration with { Seed = 1 }, configuration with { Bios = new GuestImage("x", image) }])
        {
            using var machine = Session.Boot(other);
            var before = machine.Digest();
            Assert.Equal(
                $"{path}: it was saved by a machine of another configuration, or with other images, than that into which it is to be loaded.",
                Assert.Throws<SimException>(() => Snapshot.Load(machine, path)).Message);
            Assert.Equal(before, machine.Digest());
        }
    }

    [Fact]
    public void A_newer_format_and_a_newer_program_are_named()
    {
        using var session = Demo();
        var records = SnapshotRecords.Of(SnapshotLaws.Save(session));
        var (magic, version, behaviour) = records.Preamble;
        records.Preamble = (magic, version + 1, behaviour);
        Assert.Equal(
            "memory.simsnap: this snapshot has format version 2; this program reads version 1, so a newer one made it.",
            Assert.Throws<SimException>(() => SnapshotLaws.Open(records.ToBytes())).Message);
        records.Preamble = (magic, version, behaviour + 1);
        Assert.Contains("it was saved by a newer program", Assert.Throws<SimException>(() => SnapshotLaws.Open(records.ToBytes())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void State_of_an_older_version_is_brought_up_to_date_step_by_step()
    {
        Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>> Step(byte adds) => content => (byte[])[.. content.Span, adds];
        var description = Described(version: 3, [Step(2), Step(3)]);
        Assert.Equal([1, 2, 3], description.Upgrade(1, new byte[] { 1 }).ToArray());
        Assert.Equal([1, 3], description.Upgrade(2, new byte[] { 1 }).ToArray());
        Assert.Equal([1], description.Upgrade(3, new byte[] { 1 }).ToArray());
        foreach (var version in (int[])[0, 4, -1])
            Assert.Throws<SimException>(() => description.Upgrade(version, new byte[] { 1 }));
        Assert.Throws<SimException>(() => Described(version: 3, [Step(2)]).Upgrade(3, new byte[] { 1 }));
    }

    [Fact]
    public void Every_released_version_of_a_section_can_be_brought_up_to_date()
    {
        using var session = Demo();
        foreach (var (_, description) in StateSections.Owners(session.Machine))
            Assert.Equal(description.Version - 1, description.Upgrades.Count);
    }

    private static StateDescription Described(int version, IReadOnlyList<Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>> upgrades) =>
        StateOf.Device<PlantedDevice, PlantedState>("x", version, static device => ref device.State, upgrades);

    private static Session Demo()
    {
        var session = Session.Boot(TestGuests.DemoMachine(2) with { Memory = 64 << 20 });
        MachineScenario.RunFor(session, 200_000);
        return session;
    }

    private static string Show(object? value) => value switch
    {
        null => "null",
        GuestImage image => image.Name + Convert.ToHexString(image.Bytes.Span),
        DeviceRequest device => device.Type + Show(device.Properties),
        string text => text,
        System.Collections.IEnumerable list => string.Join(';', list.Cast<object>().Select(Show)),
        _ => value.ToString()!,
    };

    private string At(string name) => Path.Combine(directory.FullName, name);
}
