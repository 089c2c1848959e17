using System.Reflection;
using System.Runtime.CompilerServices;
using Sim.Engine.Base;
using Sim.Engine.Qom;

namespace Sim.Cli.Running;

/// <summary>
/// Loads device types from other assemblies. Their module initialisers hand in the types, which must happen before the type table is
/// sealed.
/// </summary>
internal static class Plugins
{
    /// <summary>Loads the assemblies and checks that each brought types.</summary>
    /// <exception cref="SimException">A file is missing or no .NET assembly, or registers no type.</exception>
    public static void Load(IReadOnlyList<string>? paths)
    {
        if (paths is not { Count: > 0 })
            return;
        if (TypeRegistry.Default.IsSealed)
            throw new SimException($"--plugin {paths[0]}: the type table of this process is sealed already.");
        var assemblies = paths.Select(static path => (Path: path, Assembly: LoadOne(path))).ToList();
        Engine.Qom.Module.CallInit(ModuleInit.Qom);
        foreach (var (path, assembly) in assemblies)
        {
            if (!TypeRegistry.Default.Types.Any(type => ComesFrom(type.Info, assembly)))
                throw new SimException(
                    $"--plugin {path}: the assembly registers no type; a [ModuleInitializer] that calls Module.TypeInit is expected.");
        }
    }

    private static Assembly LoadOne(string path)
    {
        try
        {
            var assembly = Assembly.LoadFrom(Path.GetFullPath(path));
            RuntimeHelpers.RunModuleConstructor(assembly.ManifestModule.ModuleHandle);
            return assembly;
        }
        catch (FileNotFoundException error) when (!File.Exists(path))
        {
            throw new SimException($"--plugin {path}: the file does not exist.", error);
        }
        catch (TypeInitializationException error)
        {
            throw new SimException($"--plugin {path}: its module initialiser fails ({error.InnerException?.Message.TrimEnd('.')}).", error);
        }
        catch (Exception error) when (error is BadImageFormatException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new SimException($"--plugin {path}: it cannot be loaded as a .NET assembly ({error.Message.TrimEnd('.')}).", error);
        }
    }

    private static bool ComesFrom(Engine.Qom.TypeInfo info, Assembly assembly) =>
        ((Delegate?[])[info.New, info.NewClass, info.ClassInit, info.InstanceInit])
            .Any(function => function?.Method.Module.Assembly == assembly);
}
