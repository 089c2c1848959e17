using System.Globalization;
using Sim.Engine.Base;
using Sim.PropertyKit;

namespace Sim.Cli.Checking;

/// <summary>Keeps a failure of a law with all that is needed to see it again.</summary>
internal static class FailureFile
{
    /// <summary>Writes the failure into the campaign's folder for them.</summary>
    /// <returns>The file's path.</returns>
    /// <exception cref="SimException">The file cannot be written.</exception>
    public static string Save(NamedLaw law, LawResult failure, CheckSettings settings)
    {
        var seed = failure.Replay?.Replace(':', '-') ?? settings.Seed.ToString(CultureInfo.InvariantCulture);
        var path = Path.Combine(settings.Failures, $"{law.Name}-{seed}.txt");
        var text = FormattableString.Invariant(
            $"""
            law:   {law.Name} ({law.Group})
                   {law.Summary}
            seed:  {settings.Seed}
            case:  {failure.Replay ?? "not known"}
            again: {failure.Again}

            {failure.Message}

            """);
        try
        {
            Directory.CreateDirectory(settings.Failures);
            File.WriteAllText(path, text);
            return path;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SimException(
                $"--failures {settings.Failures}: the failure of law '{law.Name}' cannot be saved: {error.Message}", error);
        }
    }
}
