using System.CommandLine;
using Sim.Cli.CommandLine;
using Sim.Cli.Running;
using Sim.Cli.Views;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Devices.Char;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.Cli.Commands;

/// <summary><c>sim trace TYPE</c>: how an object of a type comes to be, told by the hooks in the flow itself.</summary>
internal sealed class TraceCommand(CommandHost host, MachineOptions machine, Option<string?> format)
{
    private readonly Argument<string> type =
        new("type") { Description = "Name of the type, and properties for an instance of its own: TYPE[,PROP=VAL…]." };

    public SimCommand Create()
    {
        var command = new SimCommand(
            "trace",
            "Prints how an object of a type comes to be. Each class_init with the parents' first, instance_init, property sets, realize, "
            + "AddVcpu, nested as the calls are, in QEMU's words. "
            + "Builds a machine; where the board makes such an object its first one is shown, else one is added.",
            Execute,
            "sim trace serial-mm --machine none",
            "sim trace none-machine",
            "sim trace serial-mm,regshift=2 --machine none --format json") { type };
        return command.With("Options", format).With("Machine options", machine.All);
    }

    private int Execute(ParseResult result)
    {
        var (name, properties) = KeyValueText.Parse("trace", result.GetValue(type)!, "type");
        var asJson = OptionValues.OneOf("--format", result.GetValue(format) ?? "text", "text", "json") == "json";
        Plugins.Load(result.GetValue(machine.Plugin));
        var registry = FreshTypes();
        var traced = registry.Find(name);
        var trace = new FlowTrace(name, asJson ? static _ => { } : host.Print) { ShowAll = true };
        try
        {
            traced.Initialize(trace);
            if (traced.IsAbstract)
                host.Say($"Type '{name}' is abstract: it has a class and no instances.");
            else
                Build(Firmware.ForLooking(Adapt(machine.Read(result), result, traced)), traced, properties, trace);
        }
        finally
        {
            if (asJson)
                host.Print(JsonText.Of(trace.WriteJson));
        }

        if (trace.Instances > 1)
            host.Say(FormattableString.Invariant($"{trace.Instances - 1} more of type '{name}' went the same way."));
        return ExitCodes.Done;
    }

    /// <summary>The types once more, none of their classes initialised, so that every class_init can be seen.</summary>
    private static TypeRegistry FreshTypes()
    {
        Module.CallInit(ModuleInit.Qom);
        var registry = new TypeRegistry();
        foreach (var known in TypeRegistry.Default.Types)
            registry.Add(known.Info);
        registry.Seal();
        return registry;
    }

    /// <summary>For a machine's or CPU's type, the machine that has it, unless the command line asks for another.</summary>
    private MachineConfiguration Adapt(MachineConfiguration configuration, ParseResult result, TypeImpl traced)
    {
        if (traced.IsA(MachineState.TypeName) && result.GetValue(machine.Machine) is null)
            return configuration with { Machine = traced.Name[..^MachineState.Suffix.Length] };
        if (traced.Name.EndsWith(CpuModels.Suffix, StringComparison.Ordinal) && result.GetValue(machine.Cpu) is null
            && result.GetValue(machine.Machine) is null)
            return configuration with { Cpu = traced.Name };
        return configuration;
    }

    /// <summary>
    /// Builds the machine in the order of <see cref="Engine.Session.Session.Boot"/>, and an instance of its own when the board made none or
    /// properties ask for one.
    /// </summary>
    private static void Build(
        MachineConfiguration configuration, TypeImpl traced, IReadOnlyList<KeyValuePair<string, string>> properties, FlowTrace trace)
    {
        trace.ShowAll = false;
        var root = new QomRoot(traced.Registry, properties.Count > 0 ? null : trace);
        trace.Root = root;
        using var built = MachineState.Create(root, configuration);
        for (var index = 0; index < configuration.Serials; index++)
            Chardev.Create(root, FormattableString.Invariant($"serial{index}"));
        built.RunBoardInit();
        if (trace.Instances > 0)
            return;
        trace.ShowAll = true;
        root.Observer = trace;
        Add(built, traced, properties);
    }

    private static void Add(MachineState built, TypeImpl traced, IReadOnlyList<KeyValuePair<string, string>> properties)
    {
        if (traced.Class is DeviceClass { UserCreatable: true })
        {
            UserDevices.Create(built, new DeviceRequest(traced.Name, properties));
            return;
        }

        var made = built.Root.New(traced.Name);
        try
        {
            foreach (var (name, value) in properties)
                made.ParseProperty(name, value);
            if (made is Device device)
                Qdev.Realize(device, device.DeviceClass.BusType is { } needed ? FindBus(built, device, needed) : null);
        }
        finally
        {
            made.Unref();
        }
    }

    private static Bus FindBus(MachineState built, Device device, string needed) =>
        built.Devices().SelectMany(static d => d.ChildBuses).Prepend(built.SystemBus).FirstOrDefault(bus => bus.IsA(needed))
        ?? throw new SimException($"Type '{device.Class.Type.Name}' needs a bus of type '{needed}', "
            + $"which machine '{built.Configuration.Machine}' does not have.");
}
