using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;

namespace Sim.PropertyKit.Machines;

/// <summary>Something typed.</summary>
/// <param name="Wait">ns after the one before.</param>
/// <param name="Text">The characters.</param>
public readonly record struct TypedInput(int Wait, string Text)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"+{Wait}:'{Text}'");
}

/// <summary>A session at a console: when what is typed, and on what schedule the guest runs that reads it.</summary>
/// <param name="Guest"><c>echo</c>, or <c>u-boot</c>, whose countdown the input stops.</param>
/// <param name="Schedule">The policy.</param>
/// <param name="Inputs">What is typed.</param>
/// <param name="Pause">ns between further stops of the second run.</param>
public sealed record InputTimings(string Guest, string Schedule, IReadOnlyList<TypedInput> Inputs, int Pause)
{
    /// <summary>Sessions of up to eight inputs, with a shrinker.</summary>
    public static Arbitrary<InputTimings> Any { get; } = Arb.From(
        from guest in Gen.Frequency((12, Gen.Constant("echo")), (1, Gen.Constant(LawGuests.MissingUBoot is null ? "u-boot" : "echo")))
        from seed in Gen.Choose(0, 999)
        from count in Gen.Choose(1, 8)
        from inputs in InputGenerator().ListOf(count)
        from pause in Gen.Choose(500, 30_000)
        select new InputTimings(guest, seed % 2 == 0 ? "round-robin" : string.Create(CultureInfo.InvariantCulture, $"random:{seed}"),
            [.. inputs], pause),
        static timings => Shrinking.List(timings.Inputs, ShrinkInput).Select(inputs => timings with { Inputs = inputs }));

    /// <inheritdoc/>
    public override string ToString() => $"{Guest}, {Schedule}: {string.Join(' ', Inputs)}; stops every {Pause.ToString(CultureInfo.InvariantCulture)} ns";

    private static Gen<TypedInput> InputGenerator() =>
        from wait in Gen.OneOf(Gen.Choose(0, 100), Gen.Choose(0, 60_000))
        from length in Gen.Frequency((3, Gen.Choose(1, 3)), (1, Gen.Choose(4, 40)))
        from letters in Gen.Choose('a', 'z').ArrayOf(length)
        select new TypedInput(wait, string.Concat(letters.Select(static c => (char)c)));

    private static IEnumerable<TypedInput> ShrinkInput(TypedInput input)
    {
        if (input.Text.Length > 1)
            yield return input with { Text = input.Text[..(input.Text.Length / 2)] };
        foreach (var wait in Shrinking.Number(input.Wait))
            yield return input with { Wait = (int)wait };
    }
}

/// <summary>Law L1 with inputs: the same bytes at the same virtual times give the same run.</summary>
public static class InputLaws
{
    /// <summary>The same inputs at the same times give the same run, however it is stopped in between.</summary>
    public static NamedLaw Timings { get; } = NamedLaw.Of(
        "input-timings", "L1", "The same bytes typed at the same virtual times enter in the same frames and give the same run, however it is stopped, "
        + "and taken back to where it stands, in between.",
        InputTimings.Any, static (timings, classes) => TypeTwice(timings, null, classes),
        new LawOptions
        {
            Runs = 40,
            Required = [("echoed", 0.7), ("more than the UART holds", 0.1), ("two in one frame", 0.1), ("random schedule", 0.2),
                ("round robin", 0.2)],
        });

    /// <summary>The laws of this file.</summary>
    public static IReadOnlyList<NamedLaw> All { get; } = [Timings];

    /// <summary>Types twice, the second time with more stops, and compares.</summary>
    /// <param name="timings">The session.</param>
    /// <param name="table">Types of a machine with a <see cref="PlantedDevice"/>; null for one without.</param>
    /// <param name="classes">Receives what kind of case it is.</param>
    public static void TypeTwice(InputTimings timings, TypeRegistry? table, CaseClasses classes)
    {
        ArgumentNullException.ThrowIfNull(timings);
        ArgumentNullException.ThrowIfNull(classes);
        classes.Add(timings.Guest);
        classes.Add("random schedule", timings.Schedule != "round-robin");
        classes.Add("round robin", timings.Schedule == "round-robin");
        classes.Add("more than the UART holds", timings.Inputs.Any(static i => i.Text.Length > 16));
        var (first, entered) = Type(timings, table, int.MaxValue, classes);
        var (second, enteredAgain) = Type(timings, table, timings.Pause, classes);
        Check.Same(entered, enteredAgain, "times at which inputs enter");
        Check.Equal(first, second, "the second run");
        classes.Add("two in one frame", entered.Distinct().Count() < entered.Count);
        if (timings.Guest != "echo")
            return;
        var typed = string.Concat(timings.Inputs.Select(static i => i.Text));
        Check.Equal(typed, System.Text.Encoding.ASCII.GetString(Convert.FromBase64String(first.Console)), "what comes back");
        classes.Add("echoed");
    }

    private static (RunOutcome Outcome, List<long> Entered) Type(InputTimings timings, TypeRegistry? table, int pause, CaseClasses classes)
    {
        using var session = Session.Boot(
            new MachineConfiguration
            {
                Bios = timings.Guest == "echo" ? EchoGuest.Image : LawGuests.UBoot,
                Scheduler = new SchedulerOptions { Policy = SchedulePolicy.Parse(timings.Schedule) },
                Devices = table is null ? [] : [new DeviceRequest(PlantedDevice.TypeName, [])],
            },
            new SessionOptions { Registry = table });
        var entered = new List<long>();
        session.Input.Entered += (time, _) => entered.Add(time);
        var printed = new List<byte>();
        var at = 0L;
        foreach (var input in timings.Inputs)
        {
            at += input.Wait;
            RunTo(session, at, pause, printed);
            session.Send(input.Text);
        }

        RunTo(session, at + (300 * VirtualTime.Microsecond), pause, printed);
        classes.CoverSession(session);
        return (RunOutcome.Of(session) with { Console = Convert.ToBase64String([.. printed, .. session.Console.Bytes.Span]) }, entered);
    }

    /// <summary>Runs with stops. After some it goes on from its own state as saved, which clears the console.</summary>
    private static void RunTo(Session session, long time, int pause, List<byte> printed)
    {
        for (var stop = 0; session.Scheduler.ReachedTime < time; stop++)
        {
            if (stop % 16 == 1)
            {
                printed.AddRange(session.Console.Bytes.Span);
                session.Restore(session.Checkpoint());
            }

            var next = Math.Min(time, session.Scheduler.ReachedTime + pause);
            session.Run(new RunLimits { Stop = new StopCondition { Time = next } });
        }
    }
}
