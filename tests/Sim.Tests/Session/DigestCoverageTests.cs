using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Base;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Qdev;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.PropertyKit;
using Sim.PropertyKit.Machines;
using Xunit;

namespace Sim.Tests;

/// <summary>The digest is a function of everything that the machine remembers: each single change of it changes the digest.</summary>
public sealed class DigestCoverageTests : IDisposable
{
    private readonly Session session = BootInTheMiddle();

    /// <inheritdoc/>
    public void Dispose() => session.Dispose();

    [Fact]
    public void Changing_any_value_of_any_State_changes_the_digest()
    {
        var coverage = new DigestCoverage(session, session.Digest);
        coverage.TryState();
        Assert.Empty(coverage.Unseen);
        Assert.Empty(coverage.Refused);
        var devices = session.Machine.Devices().Where(static d => d is not PowerPcCpu);
        foreach (var device in devices.Where(static d => d.DeviceClass.AllState.Any(static s => s.Name != Device.TypeName)))
            Assert.Contains(coverage.Tried, name => name.StartsWith(device.CanonicalPath + " ", StringComparison.Ordinal));
        Assert.Contains(coverage.Tried, static name => name.StartsWith("/chardevs/", StringComparison.Ordinal));
        Assert.Contains(coverage.Tried, static name => name.EndsWith("Levels[0]", StringComparison.Ordinal));
    }

    [Fact]
    public void Changing_any_register_or_TLB_entry_changes_the_digest()
    {
        var coverage = new DigestCoverage(session, session.Digest);
        foreach (var (index, cpu) in session.Machine.Devices().OfType<PowerPcCpu>().Index())
            coverage.TryRegisters(cpu, all: index == 0);
        Assert.Empty(coverage.Unseen);
        Assert.True(coverage.Tried.Count > 3 * (512 + 16), "The TLBs were not tried.");
    }

    [Fact]
    public void Changing_anything_in_the_scheduler_changes_the_digest()
    {
        var inSlice = new DigestCoverage(session, session.Digest);
        inSlice.TryScheduler();
        while (!session.Scheduler.AtFrameBoundary)
            MachineScenario.RunFor(session, 1);
        var atBoundary = new DigestCoverage(session, session.Digest);
        atBoundary.TryScheduler();
        Assert.Empty(inSlice.Unseen);
        Assert.Empty(atBoundary.Unseen);
        Assert.Empty(inSlice.Refused.Except(atBoundary.Tried));
        string[] fields =
        [
            "Now", "Frame", "FrameEnd", "Turn", "SliceEnd", "LatestObserved", "Prng.S3",
            "Timers[0].Deadline", "Timers[0].Name", "Clocks[1].IdleTime",
        ];
        foreach (var field in fields)
            Assert.Contains("scheduler " + field, inSlice.Tried);
    }

    [Fact]
    public void Changing_a_bit_of_RAM_changes_the_digest()
    {
        var ram = session.Machine.RamBlocks.Single();
        var withContent = Enumerable.Range(0, (int)ram.PageCount)
            .Where(page => ram.Stamp((ulong)page) != 0 && ram.Page((ulong)page).ContainsAnyExcept((byte)0)).ToArray();
        var places =
            from page in Gen.OneOf(Gen.Elements(withContent), Gen.Choose(0, (int)ram.PageCount - 1))
            from offset in Gen.Choose(0, 4095)
            from bit in Gen.Choose(0, 7)
            select (Address: ((ulong)page << 12) + (ulong)offset, Bit: bit);
        var coverage = new DigestCoverage(session, session.Digest);
        Law.Holds("RAM is seen", Arb.From(places), (place, classes) =>
        {
            classes.Add("page of zeros", !ram.Page(place.Address >> 12).ContainsAnyExcept((byte)0));
            classes.Add("page with content", ram.Page(place.Address >> 12).ContainsAnyExcept((byte)0));
            coverage.TryRam(ram, place.Address, place.Bit);
            Assert.Empty(coverage.Unseen);
        }, new LawOptions { Runs = 150, Required = [("page of zeros", 0.3), ("page with content", 0.3)] }).Print("RAM is seen");
    }

    [Fact]
    public void A_digest_that_leaves_out_a_section_is_found()
    {
        var coverage = new DigestCoverage(session, () => PartialDigest(session, static section => section.Type != "serial"));
        coverage.TryState();
        Assert.NotEmpty(coverage.Unseen);
        Assert.All(coverage.Unseen, static name => Assert.Contains("/serial serial ", name, StringComparison.Ordinal));
    }

    [Fact]
    public void A_digest_that_leaves_out_RAM_is_found()
    {
        var coverage = new DigestCoverage(session, () => PartialDigest(session, static _ => true));
        coverage.TryRam(session.Machine.RamBlocks.Single(), 0x1000, 0);
        Assert.Single(coverage.Unseen);
    }

    [Fact]
    public void Bytes_typed_and_not_read_yet_are_seen() => Law.Holds(
        "one typed character",
        Arb.From(
            from text in Gen.Choose('a', 'z').ArrayOf(24)
            from length in Gen.Choose(1, 24)
            from at in Gen.Choose(0, length - 1)
            select (Text: text[..length], At: at)),
        static (typed, classes) =>
        {
            var other = typed.Text.ToArray();
            other[typed.At] ^= 1;
            Assert.NotEqual(DigestAfterTyping(typed.Text), DigestAfterTyping(other));
            Assert.Equal(DigestAfterTyping(typed.Text), DigestAfterTyping(typed.Text));
            classes.Add("more than the UART holds", typed.Text.Length > 16);
            classes.Add("the UART holds it", typed.Text.Length <= 16);
        },
        new LawOptions { Runs = 12, Required = [("more than the UART holds", 0.05), ("the UART holds it", 0.05)] }).Print("one typed character");

    [Fact]
    public void Sessions_that_differ_in_one_typed_character_have_different_digests()
    {
        var digests = new List<UInt128>();
        foreach (var command in (string[])["setenv a 1", "setenv a 2", "setenv a 1"])
        {
            using var console = new UBootConsole(TestGuests.UBootMachine());
            console.Command(command);
            digests.Add(console.Session.Digest());
        }

        Assert.NotEqual(digests[0], digests[1]);
        Assert.Equal(digests[0], digests[2]);
    }

    /// <summary>
    /// The demo with two CPUs and two serial ports, stopped inside a slice while much is going on; typed bytes wait, timers are armed.
    /// </summary>
    private static Session BootInTheMiddle()
    {
        var schedule = new SchedulerOptions { Policy = SchedulePolicy.Random(3) };
        var session = Session.Boot(TestGuests.DemoMachine(2) with { Serials = 2, Scheduler = schedule });
        session.Send("waiting to be read, longer than the FIFO is");
        MachineScenario.RunFor(session, 500_000);
        Assert.True(session.Scheduler.Turn >= 0, "The machine is not inside a slice.");
        foreach (var timer in session.Scheduler.Timers.Timers.Skip(1).ToList())
        {
            // Twice, so that their sequence numbers leave room for others.
            timer.Arm(session.Scheduler.ReachedTime + VirtualTime.Second);
            timer.Arm(session.Scheduler.ReachedTime + VirtualTime.Second);
        }

        return session;
    }

    private static UInt128 DigestAfterTyping(int[] text)
    {
        using var session = Session.Boot(TestGuests.DemoMachine(1));
        session.Send(string.Concat(text.Select(static c => (char)c)));
        MachineScenario.RunFor(session, 1_000);
        return session.Digest();
    }

    /// <summary>A digest with a bug: it sees only some sections and no RAM.</summary>
    private static UInt128 PartialDigest(Session session, Func<StateSection, bool> sees)
    {
        var hash = new System.IO.Hashing.XxHash128();
        foreach (var section in StateSections.Collect(session.Machine).Where(sees))
        {
            hash.Append(Encoding.UTF8.GetBytes(section.Path));
            hash.Append(section.Bytes.Span);
        }

        return hash.GetCurrentHashAsUInt128();
    }
}
