using System.Text.Json;
using Sim.Engine.Base;
using Sim.Engine.Qom;

namespace Sim.Cli.Views;

/// <summary>
/// Listens to the instantiation flow and shows, as it happens and nested as the calls are, the part of it that concerns one type: its
/// classes, its first instance until that
/// is realized, and everything that these steps cause in turn.
/// </summary>
internal sealed class FlowTrace(string type, Action<string> print) : IFlowObserver
{
    private readonly List<Step> top = [];
    private readonly Stack<Step?> open = new();
    private bool finished;

    /// <summary>Shows all steps, not only those of the type.</summary>
    public bool ShowAll { get; set; }

    /// <summary>Where paths lead; null while there is no machine.</summary>
    public QomRoot? Root { get; set; }

    /// <summary>Instances of the type that were made.</summary>
    public int Instances { get; private set; }

    public void Enter(string step, string subject, string detail)
    {
        if (step == "object_new" && subject == type)
            Instances++;
        var parent = open.Count > 0 ? open.Peek() : null;
        var depth = parent is null ? 0 : parent.Depth + 1;
        if (parent is null && !ShowAll && !Begins(step, subject))
        {
            open.Push(null);
            return;
        }

        var shown = new Step(step, subject, detail, depth);
        (parent?.Steps ?? top).Add(shown);
        open.Push(shown);
        print($"{new string(' ', 2 * depth)}{step} {subject}{(detail.Length > 0 ? " " + detail : "")}\n");
    }

    public void Leave(bool failed)
    {
        if (open.Pop() is not { } step)
            return;
        step.Failed = failed;
        if (failed)
            print($"{new string(' ', 2 * step.Depth)}failed: {step.Name} {step.Subject}\n");
        finished |= (step.Name is "device_set_realized" or "machine_run_board_init") && step.Subject == type;
    }

    /// <summary>The steps shown, as JSON.</summary>
    public void WriteJson(Utf8JsonWriter writer) => Write(writer, top);

    private static void Write(Utf8JsonWriter writer, List<Step> steps)
    {
        writer.WriteStartArray();
        foreach (var step in steps)
        {
            writer.WriteStartObject();
            writer.WriteString("step", step.Name);
            writer.WriteString("subject", step.Subject);
            writer.WriteString("detail", step.Detail);
            writer.WriteBoolean("failed", step.Failed);
            writer.WritePropertyName("steps");
            Write(writer, step.Steps);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <summary>True when a step of the first instance begins here.</summary>
    private bool Begins(string step, string subject)
    {
        if (finished || Instances > 1)
            return false;
        return step switch
        {
            "object_new" or "machine_run_board_init" => subject == type,
            "property_set" when Instances == 1 => subject == type
                || (subject.StartsWith('/') && Root?.ResolvePath(subject)?.Class.Type.Name == type),
            _ => false,
        };
    }

    private sealed record Step(string Name, string Subject, string Detail, int Depth)
    {
        public List<Step> Steps { get; } = [];

        public bool Failed { get; set; }
    }
}
