using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Sim.Engine.Devices.Intc;
using static Sim.Tests.OpenPicBench;

namespace Sim.Tests;

/// <summary>The interrupt controller against a model that knows no registers and searches everything anew at every step.</summary>
public sealed class OpenPicModelTests
{
    private const int Cpus = 3;

    private static readonly int[] Sources = [0, 1, 2, 20, 21, FirstMessage + 7, FirstIpi, FirstIpi + 1, FirstTimer + 2];

    private static readonly Arbitrary<Step[]> Steps =
        (from kind in Gen.Elements(Enum.GetValues<StepKind>())
         from source in Gen.Elements(Sources)
         from cpu in Gen.Choose(0, Cpus - 1)
         from value in Gen.Choose(0, 15)
         select new Step(kind, source, cpu, value)).ArrayOf().ToArbitrary();

    /// <summary>What a step does; the twice-named ones are drawn more often.</summary>
    private enum StepKind
    {
        Raise,
        Lower,
        Configure,
        Route,
        TaskPriority,
        SendIpi,
        SendMessage,
        TakeMessages,
        Acknowledge,
        AcknowledgeAgain,
        EndOfInterrupt,
        SaveAndLoad,
    }

    private sealed record Step(StepKind Kind, int Source, int Cpu, int Value);

    [Property(MaxTest = 400, StartSize = 10, EndSize = 200)]
    public Property Acknowledges_and_outputs_follow_the_model() => Prop.ForAll(Steps, static steps =>
    {
        var pic = new OpenPicBench(cpus: Cpus);
        try
        {
            var model = new Model();
            foreach (var source in Sources)
                pic.Enable(source, 0, Mask, source is >= FirstIpi and < FirstTimer ? null : 1u);
            for (var i = 0; i < steps.Length; i++)
            {
                var copy = Apply(steps[i], pic, model, out var mine, out var expected);
                if (copy is not null)
                {
                    pic.Dispose();
                    pic = copy;
                }

                var outputs = string.Concat(Enumerable.Range(0, Cpus).Select(cpu => pic.Output(cpu) ? '1' : '0'));
                var modelled = string.Concat(Enumerable.Range(0, Cpus).Select(cpu => model.Output(cpu) ? '1' : '0'));
                if (mine != expected || outputs != modelled)
                {
                    return false.Label(string.Create(CultureInfo.InvariantCulture,
                        $"step {i} {steps[i]}: read {mine:x}, model {expected:x}; outputs {outputs}, model {modelled}"));
                }
            }

            return true.ToProperty();
        }
        finally
        {
            pic.Dispose();
        }
    });

    /// <summary>Does a step on both; returns the controller that goes on instead, if there is one.</summary>
    private static OpenPicBench? Apply(Step step, OpenPicBench pic, Model model, out uint mine, out uint expected)
    {
        mine = expected = 0;
        var (_, source, cpu, value) = step;
        switch (step.Kind)
        {
            case StepKind.Raise or StepKind.Lower when source is < FirstIpi or >= FirstTimer:
                pic.Input(source, step.Kind == StepKind.Raise);
                model.Input(source, step.Kind == StepKind.Raise);
                break;
            case StepKind.Configure:
                pic.Enable(source, value, (cpu == 0 ? Mask : 0) | (source is 1 or 2 ? Sense : 0));
                model.Configure(source, value, cpu == 0);
                break;
            case StepKind.Route when source is < FirstIpi or >= FirstTimer:
                pic[Destination(source)] = (uint)value & 7;
                model.Route(source, value & 7);
                break;
            case StepKind.TaskPriority:
                pic.SetTaskPriority(cpu, (uint)value / 2);
                model.TaskPriority[cpu] = value / 2;
                break;
            case StepKind.SendIpi:
                pic.SendIpi(cpu, source & 1, (uint)value & 7);
                model.SendIpi(FirstIpi + (source & 1), value & 7);
                break;
            case StepKind.SendMessage:
                pic[0x1740] = 7u << 29 | (uint)value << 24;
                model.Messages |= 1u << value;
                break;
            case StepKind.TakeMessages:
                mine = pic[0x1670];
                expected = model.Messages;
                model.Messages = 0;
                break;
            case StepKind.Acknowledge or StepKind.AcknowledgeAgain:
                mine = pic.Acknowledge(cpu);
                expected = model.Acknowledge(cpu);
                break;
            case StepKind.EndOfInterrupt:
                pic.EndOfInterrupt(cpu);
                model.EndOfInterrupt(cpu);
                break;
            case StepKind.SaveAndLoad:
                return pic.Copy(OpenPic.ModelMpic42, Cpus);
        }

        return null;
    }

    private sealed class Source
    {
        public int Number { get; init; }

        public int Priority { get; set; }

        public bool Masked { get; set; } = true;

        public bool Asserted { get; set; }

        public HashSet<int> Destinations { get; set; } = [0];

        /// <summary>An edge has come: at every destination that is not in the other set it waits.</summary>
        public bool EdgeCame { get; set; }

        public HashSet<int> AcknowledgedBy { get; } = [];

        /// <summary>CPUs that an interprocessor interrupt still waits at.</summary>
        public HashSet<int> SentTo { get; } = [];

        public bool IsLevel => Number is 1 or 2 or 20 or 21 or FirstMessage + 7;

        public bool IsIpi => Number is >= FirstIpi and < FirstTimer;
    }

    private sealed class Model
    {
        private readonly List<Source> sources = [.. Sources.Select(static n => new Source { Number = n })];
        private readonly List<int>[] inService = [.. Enumerable.Range(0, Cpus).Select(static _ => new List<int>())];

        public int[] TaskPriority { get; } = new int[Cpus];

        public uint Messages { get; set; }

        public bool Output(int cpu) => Best(cpu) is not null;

        public uint Acknowledge(int cpu)
        {
            if (Best(cpu) is not { } best)
                return 0xFFFF;
            inService[cpu].Add(best.Priority);
            best.SentTo.Remove(cpu);
            best.AcknowledgedBy.Add(cpu);
            if (best.Destinations.IsSubsetOf(best.AcknowledgedBy))
                best.EdgeCame = false;
            return Vector(best.Number);
        }

        public void EndOfInterrupt(int cpu)
        {
            if (inService[cpu].Count > 0)
                inService[cpu].RemoveAt(inService[cpu].Count - 1);
        }

        public void Input(int number, bool level)
        {
            var source = Find(number);
            if (level && !source.Asserted)
            {
                source.EdgeCame = true;
                source.AcknowledgedBy.Clear();
            }

            source.Asserted = level;
        }

        public void Configure(int number, int priority, bool masked)
        {
            Find(number).Priority = priority;
            Find(number).Masked = masked;
        }

        public void Route(int number, int cpus) => Find(number).Destinations = [.. Each(cpus)];

        public void SendIpi(int number, int cpus) => Find(number).SentTo.UnionWith(Each(cpus));

        private static IEnumerable<int> Each(int cpus) => Enumerable.Range(0, Cpus).Where(cpu => (cpus >> cpu & 1) != 0);

        private Source Find(int number) => sources.Single(s => s.Number == number);

        /// <summary>What an acknowledge would return: the most urgent of what waits, if it is above what the CPU does already.</summary>
        private Source? Best(int cpu)
        {
            var threshold = inService[cpu].Append(TaskPriority[cpu]).Max();
            return sources.Where(s => s.Priority > threshold && Waits(s, cpu))
                .OrderByDescending(static s => s.Priority).ThenBy(static s => s.Number).FirstOrDefault();
        }

        private bool Waits(Source source, int cpu)
        {
            if (source.Masked)
                return false;
            if (source.IsIpi)
                return source.SentTo.Contains(cpu);
            if (!source.Destinations.Contains(cpu))
                return false;
            if (source.IsLevel)
                return source.Asserted || (source.Number == FirstMessage + 7 && Messages != 0);
            return source.EdgeCame && !source.AcknowledgedBy.Contains(cpu);
        }
    }
}
