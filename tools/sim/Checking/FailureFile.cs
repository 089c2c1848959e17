using System.Globalization;
using Sim.Engine.Base;
using Sim.PropertyKit;
using Sim.Snapshots;

namespace Sim.Cli.Checking;

/// <summary>Keeps a failure of a law with all that is needed to see it again.</summary>
internal static class FailureFile
{
    /// <summary>Records the run of the shrunk case into the campaign's folder for failures, where the case is a run that can be recorded.</summary>
    /// <returns>The journal's path; null when there is none.</returns>
    public static string? Record(NamedLaw law, LawFailedException failure, CheckSettings settings)
    {
        if (failure.Case is not IRecordableCase recordable)
            return null;
        var path = Name(law, failure.Replay?.ToString(), settings, JournalFormat.Extension);
        try
        {
            Directory.CreateDirectory(settings.Failures);
            recordable.Record(path);
            return path;
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return null;   // The case is broken already; what breaks it may keep its run from being recorded, too.
        }
    }

    /// <summary>Writes the failure into the campaign's folder for them.</summary>
    /// <returns>The file's path.</returns>
    /// <exception cref="SimException">The file cannot be written.</exception>
    public static string Save(NamedLaw law, LawResult failure, CheckSettings settings)
    {
        var path = Name(law, failure.Replay, settings, ".txt");
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

    private static string Name(NamedLaw law, string? replay, CheckSettings settings, string extension)
    {
        var seed = replay?.Replace(':', '-') ?? settings.Seed.ToString(CultureInfo.InvariantCulture);
        return Path.Combine(settings.Failures, $"{law.Name}-{seed}{extension}");
    }
}
