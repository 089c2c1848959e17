using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sim.Engine.Boards;
using Sim.Engine.Boards.Images;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.Engine.Session;
using Xunit;

namespace Sim.Tests;

/// <summary>
/// The board is QEMU 7.2's ppce500 with two CPUs: object tree, property lists and values, memory map, interrupt wiring, reset registers and
/// TLBs, each compared with what QEMU's
/// monitor printed (data/reference). The text views of the command line are compared in tools/sim.
/// </summary>
public sealed partial class BoardConformanceTests : IDisposable
{
    private readonly Session session;

    public BoardConformanceTests()
    {
        // The reference was taken with U-Boot. Where it is not installed an image with its entry point stands in for it: nothing runs here.
        var program = TestImages.Elf(0xF0_0000, new TestImages.Segment(0xF0_0000, new byte[4], 4));
        session = Session.Boot(new MachineConfiguration { Bios = new GuestImage("uboot.elf", program), Smp = 2 });
    }

    /// <inheritdoc/>
    public void Dispose() => session.Dispose();

    /// <summary>
    /// Paths, types, property names, types and values: with them addresses and containers of all regions, buses, and the target of each
    /// interrupt line.
    /// </summary>
    [Fact]
    public void Every_object_of_the_machine_has_QEMUs_path_type_and_properties() =>
        AssertKnown(ObjectDifferences(session), static d => d[0] == '/');

    [Fact]
    public void Another_board_and_another_configuration_are_found_to_differ()
    {
        var configuration = session.Machine.Configuration;
        using var otherBoard = Session.Boot(configuration with { Machine = "mpc8544ds" });
        using var moreMemory = Session.Boot(configuration with { Memory = 512 << 20 });
        Assert.Contains("/machine/pci-host 'first_slot' is '17', QEMU's is '1'", ObjectDifferences(otherBoard));
        Assert.Contains("/machine 'memory' is 'size=536870912', QEMU's is 'size=268435456'", ObjectDifferences(moreMemory));
    }

    [Fact]
    public void Every_type_of_the_board_has_QEMUs_parents_and_device_properties()
    {
        var differences = new List<string>();
        var compared = new HashSet<string>();
        foreach (var line in File.ReadLines(TestGuests.Data("reference/type-parents.txt")))
        {
            var chain = line.Split(" -> ");
            if (!TypeRegistry.Default.TryFind(chain[0], out var type))
                continue;
            var own = type.Ancestry.Select(static t => t.Name).Take(chain.Length);
            if (!own.SequenceEqual(chain))
                differences.Add($"type {chain[0]} derives by {string.Join(" -> ", own)}");
        }

        using var reference = JsonDocument.Parse(File.ReadAllBytes(TestGuests.Data("reference/device-properties.json")));
        foreach (var listed in reference.RootElement.EnumerateObject())
        {
            if (!TypeRegistry.Default.TryFind(listed.Name, out _))
                continue;
            compared.Add(listed.Name);
            var device = session.Machine.Root.New(listed.Name);
            differences.AddRange(PropertyDifferences(device, listed.Value));
            device.Unref();
        }

        foreach (var device in session.Machine.Devices())
            Assert.Contains(device.Class.Type.Name, compared);
        AssertKnown(differences, static d => d.StartsWith("type ", StringComparison.Ordinal));
    }

    [Fact]
    public void Registers_at_reset_are_QEMUs()
    {
        var differences = new List<string>();
        var compared = 0;
        PowerPcCpu? cpu = null;
        foreach (var line in File.ReadLines(TestGuests.Data("reference/registers-at-reset.txt")))
        {
            if (line.StartsWith("CPU#", StringComparison.Ordinal))
                cpu = session.Machine.Devices().OfType<PowerPcCpu>().Single(c => c.CpuIndex == line[4] - '0');
            foreach (var (name, value) in Registers(line))
            {
                compared++;
                var own = cpu!.ReadRegister(name);
                if (own != value)
                    differences.Add(FormattableString.Invariant($"CPU {cpu.CpuIndex} {name} is 0x{own:x}, QEMU's is 0x{value:x}"));
            }
        }

        Assert.True(compared >= 2 * (32 + 40), "Too few registers were compared.");
        AssertKnown(differences, static d => d.StartsWith("CPU ", StringComparison.Ordinal));
    }

    [Fact]
    public void The_TLBs_at_reset_are_QEMUs()
    {
        // One entry: 64 MiB from 0 to 0 in TLB1, all rights, TID 0, space 0.
        var lines = File.ReadLines(TestGuests.Data("reference/tlb-at-reset.txt"))
            .Where(static l => l.StartsWith("0x", StringComparison.Ordinal)).Select(static l => Spaces().Replace(l, " ").Trim());
        Assert.Equal(["0x0000000000000000 0x0000000000000000 64M 0 0 SRWXURWX ----- U----"], lines);
        foreach (var cpu in session.Machine.Devices().OfType<PowerPcCpu>())
            Assert.Equal(cpu.CpuIndex == 0 ? ["512: mas1 80000800 mas2 0 mas3 3f mas7 0"] : [], ValidEntries(cpu));
    }

    [Fact]
    public void There_are_at_most_20_known_differences() => Assert.InRange(KnownBoardDifferences.All.Count, 0, 20);

    private static List<string> ObjectDifferences(Session session)
    {
        using var reference = JsonDocument.Parse(File.ReadAllBytes(TestGuests.Data("reference/qom-tree-smp2.json")));
        var expected = reference.RootElement.EnumerateObject().ToDictionary(static o => o.Name, static o => o.Value);
        Assert.True(expected.Count >= 40, "The reference is not complete.");
        var actual = Tree(session.Machine).Where(static o => o is not Irq || o.CanonicalPath.Contains("non-qdev", StringComparison.Ordinal))
            .ToDictionary(static o => o.CanonicalPath);
        return
        [
            .. expected.Keys.Except(actual.Keys).Select(static path => $"{path} is missing"),
            .. actual.Where(a => !expected.ContainsKey(a.Key) && !IsListedInParent(a.Value, expected))
                .Select(static a => $"{a.Key} is there"),
            .. expected.Where(e => actual.ContainsKey(e.Key)).SelectMany(e => Differences(actual[e.Key], e.Value)),
        ];
    }

    private static void AssertKnown(List<string> differences, Func<string, bool> ofThisTest)
    {
        var known = KnownBoardDifferences.All.Keys.Where(ofThisTest).ToList();
        var added = string.Join('\n', differences.Except(known));
        Assert.True(added.Length == 0, "Not QEMU's:\n" + added);
        var gone = string.Join('\n', known.Except(differences));
        Assert.True(gone.Length == 0, "QEMU's by now, take it out of the list:\n" + gone);
    }

    /// <summary>The recording leaves out objects with "gpio" in their names, but not the properties that hold them.</summary>
    private static bool IsListedInParent(QomObject own, Dictionary<string, JsonElement> expected) =>
        own.NameInParent.Contains("gpio", StringComparison.Ordinal) && own.Parent is { } parent
        && expected.TryGetValue(parent.CanonicalPath, out var properties) && properties.TryGetProperty(own.NameInParent, out _);

    private static IEnumerable<string> Differences(QomObject own, JsonElement expected)
    {
        var path = own.CanonicalPath;
        var properties = own.Properties.GroupBy(static p => p.Name).ToDictionary(static p => p.Key, static p => p.Last());
        foreach (var property in expected.EnumerateObject())
        {
            if (IsUnnamedLine(property.Name))
                continue;   // The recording leaves them out; info qom-tree, which the command line's test compares, has the inputs.
            // [type, value], or the type of a child.
            var (type, value) = property.Value.ValueKind == JsonValueKind.Array
                ? (property.Value[0].GetString()!, Text(property.Value[1]))
                : (property.Value.GetString()!, null);
            if (!properties.Remove(property.Name, out var found))
                yield return $"{path} has no '{property.Name}'";
            else if (found.Type != type)
                yield return $"{path} '{property.Name}' is a {found.Type}, QEMU's is a {type}";
            else if (value is not null && Text(found, own) != value)
                yield return $"{path} '{property.Name}' is '{Text(found, own)}', QEMU's is '{value}'";
        }

        foreach (var name in properties.Keys.Where(static name => !IsUnnamedLine(name)))
            yield return $"{path} has '{name}'";
    }

    private static IEnumerable<string> PropertyDifferences(QomObject device, JsonElement expected)
    {
        string[] ofEveryDevice = ["type", "realized", "hotpluggable", "hotplugged", "parent_bus"];
        var name = device.Class.Type.Name;
        // QEMU's list of a type leaves out shadows of others.
        var properties = device.Properties
            .Where(p => !ofEveryDevice.Contains(p.Name) && !p.Name.StartsWith("legacy-", StringComparison.Ordinal))
            .GroupBy(static p => p.Name).ToDictionary(static p => p.Key, static p => p.Last());
        foreach (var property in expected.EnumerateArray())
        {
            var its = property.GetProperty("name").GetString()!;
            if (!properties.Remove(its, out var found))
            {
                yield return $"type {name} has no '{its}'";
                continue;
            }

            var type = property.GetProperty("type").GetString()!;
            if (found.Type != type)
                yield return $"type {name} '{its}' is a {found.Type}, QEMU's is a {type}";
            if (property.TryGetProperty("default-value", out var value) && Text(value) != Text(found.Default))
                yield return $"type {name} '{its}' is {found.Default} by default, QEMU's is {value}";
            if (property.TryGetProperty("description", out var described)
                && described.GetString() is not "on/off" and var text && text != found.Description)
                yield return $"type {name} '{its}' is described as '{found.Description}', QEMU's as '{text}'";
        }

        foreach (var extra in properties.Keys)
            yield return $"type {name} has '{extra}'";
    }

    private static string Text(object? value) =>
        value is bool flag ? (flag ? "true" : "false") : Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";

    private static string Text(Property property, QomObject owner) => property.Get(owner) switch
    {
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        string text when property.Type.EndsWith("Configuration", StringComparison.Ordinal) => Sorted(text.Split(',')),
        _ => property.Print(owner),
    };

    private static string Sorted(IEnumerable<string> settings) => string.Join(',', settings.Order(StringComparer.Ordinal));

    private static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        JsonValueKind.Object => Sorted(value.EnumerateObject().Select(static p => $"{p.Name}={p.Value}")),
        _ => value.ToString(),
    };

    /// <summary>Registers in a line of QEMU's <c>info registers</c> that an e500v2 has, by our names; GPRs as two halves.</summary>
    private static IEnumerable<(string Name, ulong Value)> Registers(string line)
    {
        if (line.StartsWith("GPR", StringComparison.Ordinal))
        {
            var first = int.Parse(line.AsSpan(3, 2), CultureInfo.InvariantCulture);
            foreach (var (index, word) in line[5..].Split(' ', StringSplitOptions.RemoveEmptyEntries).Index())
            {
                yield return (string.Create(CultureInfo.InvariantCulture, $"r{first + index}"), Hexadecimal(word[8..]));
                yield return (string.Create(CultureInfo.InvariantCulture, $"ev{first + index}h"), Hexadecimal(word[..8]));
            }

            yield break;
        }

        // Not e500v2's: floating-point registers, AltiVec, EPCR. HF and iidx are QEMU's own, TB and DECR stand for time.
        if (line.StartsWith("FP", StringComparison.Ordinal) || line.StartsWith("TB ", StringComparison.Ordinal))
            yield break;
        foreach (Match match in NamedRegister().Matches(line))
        {
            var name = match.Groups[1].Value switch { "NIP" => "pc", "PID" => "pid0", var other => other.ToLowerInvariant() };
            if (name is not ("vrsave" or "epcr" or "hf" or "res"))
                yield return (name, Hexadecimal(match.Groups[2].Value));
        }
    }

    private static ulong Hexadecimal(string text) => ulong.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private static unsafe List<string> ValidEntries(PowerPcCpu cpu)
    {
        var state = cpu.Core.State;
        return
        [
            .. from entry in Enumerable.Range(0, PowerPcState.TlbEntries)
               let registers = (Mas1: state->TlbMas1[entry], Mas2: state->TlbMas2[entry], Mas73: state->TlbMas73[entry])
               where (registers.Mas1 & 0x8000_0000) != 0
               let upper = registers.Mas73 >> 32
               let lower = (uint)registers.Mas73
               select
                   FormattableString.Invariant($"{entry}: mas1 {registers.Mas1:x} mas2 {registers.Mas2:x} mas3 {lower:x} mas7 {upper:x}"),
        ];
    }

    private static bool IsUnnamedLine(string name) => name.Contains("unnamed-gpio-", StringComparison.Ordinal);

    private static IEnumerable<QomObject> Tree(QomObject at) => at.Children.SelectMany(Tree).Prepend(at);

    [GeneratedRegex(@"([A-Z][A-Z0-9]*) +([0-9a-f]{8})\b")]
    private static partial Regex NamedRegister();

    [GeneratedRegex(" +")]
    private static partial Regex Spaces();
}
