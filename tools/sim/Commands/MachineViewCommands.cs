using System.CommandLine;
using System.Text.Json;
using Sim.Cli.CommandLine;
using Sim.Cli.Running;
using Sim.Cli.Views;
using Sim.Engine.Base;
using Sim.Engine.Session;

namespace Sim.Cli.Commands;

/// <summary>The commands that build a machine, look at it and let it go: <c>tree</c>, <c>qtree</c>, <c>mtree</c>. Nothing runs.</summary>
internal sealed class MachineViewCommands(CommandHost host, MachineOptions machine)
{
    private readonly Option<string?> format = OptionValues.Value("--format", "text|json", "Form of the output, text by default.");

    /// <summary>The option <c>--format</c>, which other listing commands share.</summary>
    public Option<string?> Format => format;

    /// <summary><c>sim tree</c>.</summary>
    public SimCommand Tree()
    {
        var path =
            new Argument<string>("path") { Description = "Object at the top, /machine by default.", Arity = ArgumentArity.ZeroOrOne };
        var properties = OptionValues.Flag("--properties", "Shows each object's properties and their values.");
        var command = new SimCommand(
            "tree",
            "Builds a machine and prints its object tree with types, like 'info qom-tree' of QEMU's monitor.",
            result => Show(
                result,
                session => ObjectTree.Text(Top(session, result.GetValue(path)), result.GetValue(properties)),
                (writer, session) => ObjectTree.WriteJson(writer, Top(session, result.GetValue(path)), result.GetValue(properties))),
            "sim tree --machine none",
            "sim tree / --machine none --memory 64M --properties",
            "sim tree --machine none --format json") { path };
        return command.With("Options", properties, format).With("Machine options", machine.All);
    }

    /// <summary><c>sim qtree</c>.</summary>
    public SimCommand Qtree() => new SimCommand(
        "qtree",
        "Builds a machine and prints its buses and the devices on them, like 'info qtree' of QEMU's monitor.",
        result => Show(
            result,
            static session => QdevTree.Text(session.Machine.SystemBus),
            static (writer, session) => QdevTree.WriteJson(writer, session.Machine.SystemBus)),
        "sim qtree --machine none",
        "sim qtree --machine none --format json").With("Options", format).With("Machine options", machine.All);

    /// <summary><c>sim mtree</c>.</summary>
    public SimCommand Mtree()
    {
        var flat = OptionValues.Flag("--flat", "Shows the flat view: which region answers where.", "-f");
        return new SimCommand(
            "mtree",
            "Builds a machine and prints its memory map, like 'info mtree' of QEMU's monitor.",
            result => Show(
                result,
                session => result.GetValue(flat) ? MemoryTree.FlatText(session.Machine) : MemoryTree.Text(session.Machine),
                (writer, session) => MemoryTree.WriteJson(writer, session.Machine, result.GetValue(flat))),
            "sim mtree --machine none --memory 64M",
            "sim mtree -f --machine none --memory 64M").With("Options", flat, format).With("Machine options", machine.All);
    }

    private static Engine.Qom.QomObject Top(Session session, string? path) => session.Machine.Root.ResolvePath(path ?? "/machine")
        ?? throw new SimException($"The machine has no object '{path}'; 'sim tree /' shows all.");

    private int Show(ParseResult result, Func<Session, string> text, Action<Utf8JsonWriter, Session> json)
    {
        var asJson = OptionValues.OneOf("--format", result.GetValue(format) ?? "text", "text", "json") == "json";
        Plugins.Load(result.GetValue(machine.Plugin));
        using var session = Session.Boot(Firmware.ForLooking(machine.Read(result)));
        host.Print(asJson ? JsonText.Of(writer => json(writer, session)) : text(session));
        return ExitCodes.Done;
    }
}
