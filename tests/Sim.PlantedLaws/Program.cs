using Sim.Cli;
using Sim.Cli.Checking;

namespace Sim.PlantedLaws;

/// <summary>The command line <c>sim</c> with planted laws instead of the property kit's.</summary>
internal static class Program
{
    /// <summary>The planted laws, and this program for the processes that try them.</summary>
    public static LawSource Source => new(typeof(Program).Assembly.Location, static () => new LawList(Planted.Laws));

    /// <summary>Runs a command line; after a first argument <c>assemblies</c> it also lists what was loaded for it.</summary>
    private static int Main(string[] arguments)
    {
        using var host = CommandHost.Standard();
        if (arguments is not ["assemblies", .. var command])
            return Cli.Program.Invoke(arguments, host, Source);
        var code = Cli.Program.Invoke(command, host, Source);
        foreach (var loaded in AppDomain.CurrentDomain.GetAssemblies())
            Console.Out.WriteLine(loaded.GetName().Name);
        return code;
    }
}
