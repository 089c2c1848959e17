using Sim.PropertyKit;

namespace Sim.Cli.Checking;

/// <summary>
/// Where <c>sim check</c> has its laws from, and the program that a child process runs to have the same. Asking for the laws loads the
/// property kit; naming the source does not, so that no other command pays for it.
/// </summary>
internal sealed class LawSource(string program, LawSource.Provider provider)
{
    /// <summary>Returns the laws.</summary>
    public delegate LawList Provider();

    /// <summary>The laws of the property kit.</summary>
    public static LawSource Catalogue => new(typeof(LawSource).Assembly.Location, static () => new LawList(LawCatalogue.All));

    /// <summary>The assembly whose <c>Main</c> is this command line.</summary>
    public string Program { get; } = program;

    /// <summary>The laws.</summary>
    public LawList Laws => provider();
}
