namespace Sim.Tests;

/// <summary>The working tree that the tests were built in.</summary>
internal static class Repository
{
    /// <summary>The folder that holds Sim.sln.</summary>
    public static string Root { get; } = Find();

    static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Sim.sln")))
                return folder.FullName;
        throw new InvalidOperationException($"No Sim.sln above {AppContext.BaseDirectory}.");
    }
}
