using Sim.Engine.Base;
using Sim.Engine.Session;

namespace Sim.Snapshots;

/// <summary>What waits to go into the machine, as files keep it.</summary>
internal static class InputCodec
{
    private static readonly (ScriptAction Action, string Name)[] Actions =
        [(ScriptAction.Expect, "expect"), (ScriptAction.Send, "send"), (ScriptAction.Save, "save"), (ScriptAction.Quit, "quit")];

    public static InputRecord ToRecord(PendingInput input) => new()
    {
        Waiting = [.. input.Waiting.Select(static w => new WaitingInput { Serial = w.Serial, Bytes = w.Bytes.ToArray() })],
        Script = input.Script is not { } script ? null : new ScriptRecord
        {
            Name = script.Name,
            Lines =
            [
                .. script.Steps.Select(static s =>
                    new ScriptLine { Number = s.Line, Action = Array.Find(Actions, a => a.Action == s.Action).Name, Text = s.Text }),
            ],
            Matched = script.Matched,
        },
    };

    /// <exception cref="SimException">The record is not complete or says what no run can have left.</exception>
    public static PendingInput ToInput(InputRecord record)
    {
        if (record.Waiting is null || record.Waiting.Any(static w => w?.Bytes is null))
            throw Wrong("an input without bytes waits");
        return new PendingInput(
            [.. record.Waiting.Select(static w => new InputEvent(w.Serial, w.Bytes))],
            record.Script is { } script ? ToProgress(script) : null);
    }

    private static ScriptProgress ToProgress(ScriptRecord script)
    {
        if (script.Name is null || script.Lines is not { Length: > 0 })
            throw Wrong("the script has no lines");
        var steps = new List<ScriptStep>();
        foreach (var line in script.Lines)
        {
            var known = Array.Find(Actions, a => a.Name == line?.Action);
            if (known.Name is null || line.Text is null)
                throw Wrong("a line of the script is none");
            _ = Script.Encode(line.Text);
            if (known.Action == ScriptAction.Expect && line.Text.Length == 0)
                throw Wrong("the script expects nothing");
            steps.Add(new ScriptStep(line.Number, known.Action, line.Text));
        }

        return new ScriptProgress(script.Name, steps, script.Matched);
    }

    private static SimException Wrong(string what) => new($"The waiting input is none that a run can have left: {what}.", SimErrorKind.Guest);
}
