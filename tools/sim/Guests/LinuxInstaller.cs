using Sim.Engine.Base;

namespace Sim.Cli.Guests;

/// <summary>
/// Builds the Linux guest into a <see cref="GuestCache"/>: an unmodified kernel and a busybox initramfs from the distribution's source packages. The work is one shell
/// script, <c>tools/guests/linux/build.sh</c>, which travels inside this assembly with the kernel's configuration and the first process. It keeps what is done in the
/// folder <c>build</c> beside the results: an interrupted installation goes on where it stopped, one whose recipe has changed since does only what
/// the change asks for (another first process makes the initramfs anew, in seconds), and one of the same recipe has nothing to do.
/// </summary>
/// <param name="cache">Where it goes.</param>
/// <param name="progress">Told in a short line what is being done; may be null.</param>
/// <param name="searchPath">Where programs of the host are found; the process's PATH when null.</param>
internal sealed class LinuxInstaller(GuestCache cache, Action<string>? progress = null, string? searchPath = null)
{
    private const string Script = "build.sh";
    private const string ResourcePrefix = "guests.linux.";

    private readonly HostCommand host = new(searchPath ?? Environment.GetEnvironmentVariable("PATH"), isHanded: true);

    /// <summary>The files that decide the build, by name: script, configuration and first process.</summary>
    public IReadOnlyDictionary<string, byte[]> Recipe { get; init; } = ReadRecipe();

    /// <summary>Folder in which the script works, and its log files are.</summary>
    public string WorkDirectory => Path.Combine(cache.LinuxDirectory, "build");

    /// <summary>
    /// The text that ends the origin of a guest built by this recipe; the script makes it the same way.
    /// </summary>
    private string RecipeMark
    {
        get
        {
            string[] names = [Script, "linux-e500v2.config", "init"];
            var files = names.Where(Recipe.ContainsKey).SelectMany(name => Recipe[name]).ToArray();
            return $", recipe {GuestCache.Sha256(files)[..16]}";
        }
    }

    /// <summary>Builds and installs; some minutes. A guest that is installed whole and is of this recipe is left alone.</summary>
    /// <exception cref="SimException">A program is missing (the message names the packages), no network, or a step failed (the message names its log). The cached guest is as before.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; the next installation goes on from there.</exception>
    public IReadOnlyList<GuestEntry> Install(CancellationToken cancellation = default)
    {
        if (!OperatingSystem.IsLinux())
            throw new SimException("The Linux guest is built with Debian's packages: run 'sim guests install linux' on Debian 12.", SimErrorKind.Guest);
        var installed = cache.List().Where(static entry => entry.Name == GuestCache.Linux).ToList();
        if (installed.TrueForAll(entry => entry.State == GuestState.Cached && entry.Origin!.EndsWith(RecipeMark, StringComparison.Ordinal)))
        {
            progress?.Invoke($"{cache.LinuxDirectory}: installed already, {installed[0].Origin}");
            return installed;
        }

        var recipe = Path.Combine(WorkDirectory, "recipe");
        var output = Path.Combine(WorkDirectory, "output");
        try
        {
            Directory.CreateDirectory(recipe);
            using var alone = Lock();
            foreach (var (name, bytes) in Recipe)
                File.WriteAllBytes(Path.Combine(recipe, name), bytes);
            host.RunScript("sh", [Path.Combine(recipe, Script), WorkDirectory, output], WorkDirectory, line => progress?.Invoke(line), cancellation);
            var origin = Path.Combine(output, "origin");
            var entries = cache.StoreLinux(output, File.Exists(origin) ? File.ReadAllText(origin).Trim() : "unknown");
            Directory.Delete(output, recursive: true);
            progress?.Invoke($"installed {string.Join(", ", entries.Select(static e => e.Path))}");
            return entries;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SimException($"{WorkDirectory}: the Linux guest cannot be built there ({exception.Message.TrimEnd('.')}).", SimErrorKind.Guest, exception);
        }
    }

    /// <summary>Two builds in one folder would spoil each other.</summary>
    private FileStream Lock()
    {
        var file = Path.Combine(WorkDirectory, "lock");
        try
        {
            return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception)
        {
            throw new SimException($"{file}: another 'sim guests install linux' is at work there; wait until it has ended.", SimErrorKind.Guest, exception);
        }
    }

    private static Dictionary<string, byte[]> ReadRecipe()
    {
        var assembly = typeof(LinuxInstaller).Assembly;
        var recipe = new Dictionary<string, byte[]>();
        foreach (var name in assembly.GetManifestResourceNames().Where(static n => n.StartsWith(ResourcePrefix, StringComparison.Ordinal)))
        {
            using var stream = assembly.GetManifestResourceStream(name)!;
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            recipe.Add(name[ResourcePrefix.Length..], bytes);
        }
        return recipe;
    }
}
