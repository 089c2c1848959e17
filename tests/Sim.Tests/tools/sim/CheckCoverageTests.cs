using System.Text;
using System.Text.Json;
using Sim.Cli;
using Sim.Cli.Checking;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Qom;
using Sim.PropertyKit;
using Sim.PropertyKit.Cpu;
using Sim.PropertyKit.Devices;
using Sim.PropertyKit.Machines;
using Sim.PropertyKit.Memory;
using Sim.PropertyKit.Qdev;
using Sim.PropertyKit.Scheduling;
using Xunit;
using Decoder = Sim.Engine.Cpu.PowerPc.Decoder;

namespace Sim.Tests;

/// <summary>What <c>sim check</c> tells of the coverage of a campaign.</summary>
public sealed class CheckCoverageTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sim-test-");

    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    public void What_there_is_to_cover_is_what_the_registries_hold()
    {
        Module.CallInit(ModuleInit.Qom);
        TypeRegistry.Default.Seal();
        var types = TypeRegistry.Default.Types.ToList();
        Assert.Equal(types.Select(static type => type.Name), Coverage.All(CoverageKind.Types));
        Assert.Equal(["FloatUnavailable", "AuxiliaryUnavailable", "PerformanceMonitor"], PowerPcCpu.ExceptionKinds.Except(Coverage.All(CoverageKind.ExceptionKinds)));
        Assert.Equal(
            Coverage.All(CoverageKind.InstructionGroups).Order(),
            Decoder.All().Select(static entry => Group(entry).ToString()).Distinct().Order());

        var properties = Coverage.All(CoverageKind.Properties).ToHashSet();
        Assert.Equal(types.Sum(static type => type.Class.OwnProperties.Count), properties.Count);
        Assert.All(types, type => Assert.All(type.Class.AllProperties, property =>
            Assert.Contains(type.Ancestry, level => properties.Contains($"{level.Name}.{property.Name}"))));
    }

    [Fact]
    public void Every_enumeration_of_steps_is_among_the_operations()
    {
        var operations = Coverage.All(CoverageKind.Operations);
        var kinds = typeof(Coverage).Assembly.GetTypes()
            .Where(static type => type.IsEnum && type.Name.EndsWith("Kind", StringComparison.Ordinal))
            .Except([typeof(CoverageKind)]).ToList();
        Assert.Contains(typeof(MachineOperationKind), kinds);
        Assert.Equal(kinds.Sum(static kind => Enum.GetNames(kind).Length), operations.Distinct().Count());
        Assert.All(kinds.SelectMany(Enum.GetNames), name => Assert.Contains(operations, operation => operation.EndsWith($": {name}", StringComparison.Ordinal)));
    }

    public static TheoryData<NamedLaw, int, CoverageKind, string[]> Laws => new()
    {
        { StopLaws.Stops, 2, CoverageKind.Types, ["object", "device", "ppce500-machine", "e500v2_v30-powerpc-cpu", "openpic", "hotplug-handler"] },
        { StopLaws.Stops, 2, CoverageKind.InstructionGroups, ["Branch", "Integer", "LoadStore", "SpecialRegister", "Tlb"] },
        { StopLaws.Stops, 12, CoverageKind.ExceptionKinds, ["Program", "SystemCall", "FixedIntervalTimer"] },
        { StopLaws.Stops, 2, CoverageKind.Operations, ["stop: Instructions"] },
        { StopLaws.Observed, 1, CoverageKind.Properties, ["device.realized", "machine.kernel", "memory-region.size"] },
        { PropertyLaws.Assignments, 300, CoverageKind.Properties, ["device.hotplugged", "serial.baudbase"] },
        { DeviceOperationLaws.Operations, 20, CoverageKind.Operations, ["device: Realize", "device: Edge", "device: Write"] },
        { ConfigurationLaws.Configurations, 20, CoverageKind.Types, ["mpc8544ds-machine", "e500v1-family-powerpc-cpu"] },
        { StateCoverageLaws.Coverage, 1, CoverageKind.Types, ["mpc8560_v20-powerpc-cpu"] },
        { EngineDeviceLaws.All[0], 20, CoverageKind.Operations, ["device alone: Write", "device alone: Advance"] },
        { RealizeLaws.Atomic, 60, CoverageKind.Operations, ["realize: Timer", "realize: FailThrow"] },
        { FlatViewLaws.Shows, 30, CoverageKind.Operations, ["memory map: Move", "memory map: Remap"] },
        { SchedulerLaws.Determinism, 30, CoverageKind.Operations, ["schedule: Work", "schedule: Wait"] },
        { TranslationLaws.SoftTlb, 20, CoverageKind.Operations, ["translation: Invalidate", "translation: Fetch"] },
        { TranslationLaws.SoftTlb, 20, CoverageKind.ExceptionKinds, ["DataStorage", "DataTlbError", "InstructionTlbError"] },
        { ExecutionLaws.SingleSteps, 30, CoverageKind.Operations, ["program: Loop", "program: SelfModification"] },
        { ExecutionLaws.SingleSteps, 30, CoverageKind.ExceptionKinds, ["Decrementer", "Program", "SystemCall"] },
        { ExecutionLaws.SingleSteps, 400, CoverageKind.ExceptionKinds, ["EmbeddedFloatData", "EmbeddedFloatRound"] },
        { ExecutionLaws.SingleSteps, 30, CoverageKind.InstructionGroups, ["EmbeddedFloat", "SpeInteger", "SpeMultiply"] },
        { MachineHistoryLaws.Histories, 6, CoverageKind.Operations, ["machine: Run", "machine: Checkpoint"] },
    };

    [Theory]
    [MemberData(nameof(Laws))]
    public void Laws_tell_what_their_cases_covered(NamedLaw law, int runs, CoverageKind kind, string[] names)
    {
        ArgumentNullException.ThrowIfNull(law);
        var report = law.Holds(law.Sample with { Seed = 7, Runs = runs, Required = [], PastFailures = [] });
        var covered = report.Coverage.Kinds.GetValueOrDefault(kind) ?? [];
        Assert.All(names, name => Assert.True(covered.ContainsKey(name), $"{name} is not among {string.Join(", ", covered.Keys)}."));
        Assert.All(covered, entry => Assert.InRange(entry.Value, 1, report.Runs));
        Assert.Subset(Coverage.All(kind).ToHashSet(), covered.Keys.ToHashSet());
    }

    [Fact]
    public unsafe void A_step_that_was_not_done_is_not_covered()
    {
        var classes = new CaseClasses();
        DeviceOperationLaws.RunSequence(new DeviceSequence("none", [new(DeviceOperationKind.Realize, 0, 0, 0), new(DeviceOperationKind.Advance, 0, 0, 0)]), null, classes);
        Assert.Equal(["device: Advance"], Names(classes, CoverageKind.Operations));

        // Behind a branch to itself nothing is executed, nor is an exception taken.
        using var cpu = new BareCpu();
        cpu.Load(0x1000, Asm.B(0), Asm.Sc);
        cpu.Run(3);
        classes.CoverCores(cpu.Cores);
        Assert.Equal(["Branch"], Names(classes, CoverageKind.InstructionGroups));
        Assert.Empty(Names(classes, CoverageKind.ExceptionKinds));
        cpu.SetVectors();
        cpu.State->Pc = 0x1004;
        cpu.Run(1);
        classes.CoverCores(cpu.Cores);
        Assert.Equal(["SystemCall"], Names(classes, CoverageKind.ExceptionKinds));
    }

    [Theory]
    [InlineData(0x7C00_00A6u, 0u, "System")]   // mfmsr r0
    [InlineData(0x7C00_00A6u, Msr.Pr, "")]
    [InlineData(0x1000_0200u, Msr.Spe, "SpeInteger")]   // evaddw r0,r0,r0
    [InlineData(0x1000_0200u, 0u, "")]
    [InlineData(0x8401_0000u, 0u, "LoadStore")]   // lwzu r0,0(r1)
    [InlineData(0x8400_0000u, 0u, "")]
    [InlineData(0x0000_0000u, 0u, "")]
    public void Instructions_that_raise_an_exception_instead_belong_to_no_group(uint word, uint msr, string group) =>
        Assert.Equal(group, Decoder.GroupOf(word, msr).ToString());

    [Fact]
    public void Laws_are_summed()
    {
        var holds = Covered("holds");
        var both = Covered("holds", "holds-too");
        Assert.Equal(100, holds["number: even"] + holds["number: odd"]);
        Assert.Equal(holds["number: even"], both["number: even"]);
        Assert.Equal(100 + holds["number: odd"], both["number: odd"]);
    }

    [Fact]
    public void Json_has_every_kind_with_all_names()
    {
        using var document = JsonDocument.Parse(Check("--law", "good", "--law", "lacks", "--seed", "7", "--format", "json"));
        var coverage = document.RootElement.GetProperty("coverage");
        Assert.Equal(
            ["types", "properties", "operations", "instructionGroups", "exceptionKinds"], coverage.EnumerateObject().Select(static kind => kind.Name));
        Assert.All(Enum.GetValues<CoverageKind>(), kind =>
        {
            var told = coverage.EnumerateObject().ElementAt((int)kind).Value;
            var covered = told.GetProperty("covered").EnumerateObject().Select(static name => name.Name).ToList();
            var missing = told.GetProperty("missing").EnumerateArray().Select(static name => name.GetString()!).ToList();
            Assert.Equal(told.GetProperty("of").GetInt32(), covered.Count + missing.Count);
            Assert.Equal(Coverage.All(kind).Except(covered), missing);
        });
        Assert.Equal(100, coverage.GetProperty("types").GetProperty("covered").GetProperty("device").GetInt32());
        Assert.All(document.RootElement.GetProperty("laws").EnumerateArray(), static law => Assert.False(law.TryGetProperty("coverage", out _)));
    }

    [Fact]
    public void Text_shows_counts_the_rarest_and_what_is_missing()
    {
        var text = Check("--law", "good", "--seed", "7");
        Assert.Matches(@"\n\ncoverage +covered +of +rarest \(cases\) +missing\n", text);
        var types = Coverage.All(CoverageKind.Types);
        Assert.Matches($@"\ntypes +1 +{types.Count} +device \(100\) +{types[0]}, .+ and \d+ more\n", text);
        Assert.Matches(@"\noperations +2 +\d+ +number: even \(\d+\) +device: New, ", text);
        Assert.Matches(@"\ninstruction groups +0 +15 +Integer, ", text);
        Assert.Matches(@"\nexception kinds +0 +17 +CriticalInput, .*\n\nseed 7: 2 held\n$", text);
        Assert.DoesNotContain("coverage", Check("--law", "holds", "--case", "1:2"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_process_that_tries_a_law_tells_its_coverage_at_the_end_alone()
    {
        var lines = Check("--law", "holds", "--seed", "7", "--format", "jsonl").TrimEnd('\n').Split('\n');
        Assert.InRange(lines.Length, 2, int.MaxValue);
        Assert.All(lines[..^1], static line => Assert.DoesNotContain("coverage", line, StringComparison.Ordinal));
        var end = JsonSerializer.Deserialize(lines[^1], LawResultJson.Default.LawResult)!;
        Assert.Equal(["number: even", "number: odd"], end.Coverage![CoverageKind.Operations].Keys);
    }

    [Fact]
    public void Rounds_are_summed_and_one_that_was_cut_short_takes_nothing_away()
    {
        static LawResult Round(params (string Name, int Cases)[] covered) => new()
        {
            Law = "law",
            Group = "group",
            Coverage = new Dictionary<CoverageKind, SortedDictionary<string, int>>
            {
                [CoverageKind.ExceptionKinds] = new(covered.ToDictionary(static c => c.Name, static c => c.Cases)),
            },
        };

        var sum = new LawResult { Law = "law", Group = "group" }.After(Round(("Debug", 2), ("Program", 1)).After(Round(("Debug", 3))));
        Assert.Equal([("Debug", 5), ("Program", 1)], sum.Coverage![CoverageKind.ExceptionKinds].Select(static c => (c.Key, c.Value)));
        var kinds = KindCoverage.Of([sum, Round(("Debug", 1), ("one of its own", 1))]);
        var exceptions = kinds[(int)CoverageKind.ExceptionKinds];
        Assert.Equal((3, 18, "Program (1)"), (exceptions.Covered.Count, exceptions.Total, exceptions.Rarest));
        Assert.Equal(Coverage.All(CoverageKind.ExceptionKinds).Except(["Debug", "Program"]), exceptions.Missing);
        Assert.Equal((0, ""), (kinds[0].Covered.Count, kinds[0].Rarest));
        Assert.Equal(Coverage.All(CoverageKind.Types), kinds[0].Missing);
    }

    /// <summary>The group of an entry: with RA = 1, or RT = 1, where a register must not be 0 or twice the same.</summary>
    private static InstructionGroup Group(Instruction entry) =>
        Decoder.GroupOf(entry.Value | (0x0001_0000 & ~entry.Mask), Msr.Spe) ?? Decoder.GroupOf(entry.Value, Msr.Spe)!.Value;

    private static IEnumerable<string> Names(CaseClasses classes, CoverageKind kind) =>
        classes.Covered.Where(c => c.Kind == kind).Select(static c => c.Name).Order(StringComparer.Ordinal);

    private Dictionary<string, int> Covered(params string[] laws)
    {
        using var document = JsonDocument.Parse(Check([.. laws.SelectMany(static law => (string[])["--law", law]), "--seed", "7", "--format", "json"]));
        return document.RootElement.GetProperty("coverage").GetProperty("operations").GetProperty("covered").EnumerateObject()
            .ToDictionary(static name => name.Name, static name => name.Value.GetInt32());
    }

    private string Check(params string[] options)
    {
        using var output = new MemoryStream();
        using var error = new StringWriter();
        using var host = new CommandHost(static () => Stream.Null, output, error);
        Cli.Program.Invoke(["check", "--failures", directory.FullName, .. options], host, PlantedLaws.Program.Source);
        return Encoding.UTF8.GetString(output.ToArray());
    }
}
