using Sim.Engine.Base;
using Sim.PropertyKit;

namespace Sim.Cli.Checking;

/// <summary>The laws that a campaign chooses from, in the order in which it tries them.</summary>
internal sealed class LawList(IReadOnlyList<NamedLaw> all)
{
    /// <summary>The laws of these names and groups, in order; all when none is named.</summary>
    /// <exception cref="SimException">A name is unknown.</exception>
    public IReadOnlyList<NamedLaw> Choose(string[] wanted)
    {
        foreach (var name in wanted)
        {
            if (all.Any(law => Fits(law, name)))
                continue;
            var known = all.SelectMany(static law => (string[])[law.Name, law.Group]);
            throw new SimException($"--law {name}: no law and no group has that name.{Nearest.Hint(name, known)} See 'sim check --list'.");
        }

        return wanted.Length == 0 ? all : [.. all.Where(law => wanted.Any(name => Fits(law, name)))];
    }

    private static bool Fits(NamedLaw law, string name) =>
        law.Name == name || law.Group.Equals(name, StringComparison.OrdinalIgnoreCase);
}
