using System.CommandLine;
using System.Globalization;
using System.Text;
using Sim.Cli.CommandLine;
using Sim.Cli.Running;
using Sim.Cli.Views;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.Cli.Commands;

/// <summary><c>sim types</c>: the registered types.</summary>
internal sealed class TypesCommand(CommandHost host, MachineOptions machine, Option<string?> format)
{
    private readonly Argument<string> filter = new("filter")
    {
        Description = "Only types that derive from or implement the type of this name, or whose name contains this text.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    public SimCommand Create()
    {
        var command = new SimCommand(
            "types",
            "Lists the registered types: name, parent, whether abstract, whether --device takes it, and what it is.",
            Execute,
            "sim types",
            "sim types machine",
            "sim types serial --format json") { filter };
        return command.With("Options", format, machine.Plugin);
    }

    private int Execute(ParseResult result)
    {
        var asJson = OptionValues.OneOf("--format", result.GetValue(format) ?? "text", "text", "json") == "json";
        Plugins.Load(result.GetValue(machine.Plugin));
        Engine.Qom.Module.CallInit(ModuleInit.Qom);
        var types = Select(TypeRegistry.Default, result.GetValue(filter));
        host.Print(asJson ? Json(types) : Text(types));
        return ExitCodes.Done;
    }

    private static List<TypeImpl> Select(TypeRegistry registry, string? wanted)
    {
        var all = registry.Types.OrderBy(static t => t.Name, StringComparer.Ordinal).ToList();
        if (wanted is null)
            return all;
        Func<TypeImpl, bool> fits = registry.TryFind(wanted, out _)
            ? type => type.IsA(wanted)
            : type => type.Name.Contains(wanted, StringComparison.OrdinalIgnoreCase);
        var found = all.Where(fits).ToList();
        if (found.Count > 0)
            return found;
        throw new SimException($"No type is a '{wanted}' or has that in its name.{Nearest.Hint(wanted, all.Select(static t => t.Name))}");
    }

    private static string Text(List<TypeImpl> types)
    {
        var names = Math.Max(4, types.Max(static t => t.Name.Length));
        var parents = Math.Max(6, types.Max(static t => t.Info.Parent?.Length ?? 0));
        var text = new StringBuilder();
        foreach (var type in types)
        {
            var marks = type.IsAbstract ? "abstract" : IsUserCreatable(type) ? "device" : "";
            var line = $"{type.Name.PadRight(names)}  {(type.Info.Parent ?? "-").PadRight(parents)}  {marks,-8}  {Description(type)}";
            text.Append(line.TrimEnd()).Append('\n');
        }

        return text.ToString();
    }

    private static string Json(List<TypeImpl> types) => JsonText.Of(writer =>
    {
        writer.WriteStartArray();
        foreach (var type in types)
        {
            writer.WriteStartObject();
            writer.WriteString("name", type.Name);
            writer.WriteString("parent", type.Info.Parent);
            writer.WriteBoolean("abstract", type.IsAbstract);
            writer.WriteBoolean("userCreatable", IsUserCreatable(type));
            writer.WriteString("description", Description(type));
            writer.WriteStartArray("interfaces");
            foreach (var name in type.Info.Interfaces)
                writer.WriteStringValue(name);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    });

    /// <summary>True when <c>--device</c> takes the type.</summary>
    private static bool IsUserCreatable(TypeImpl type) => !type.IsAbstract && type.Class is DeviceClass { UserCreatable: true };

    private static string? Description(TypeImpl type) => type.Class switch
    {
        DeviceClass device => device.Description,
        MachineClass { Description.Length: > 0 } machine => machine.Description,
        _ => null,
    };
}
