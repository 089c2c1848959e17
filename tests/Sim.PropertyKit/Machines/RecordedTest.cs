using Sim.Engine.Session;
using Sim.Snapshots;

namespace Sim.PropertyKit.Machines;

/// <summary>Records the run of a test, so that one that fails leaves the run behind, to be replayed and looked at.</summary>
public static class RecordedTest
{
    /// <summary>
    /// Runs a test's body with its session recorded. When it throws, the journal is ended there and kept, and the message says how to replay
    /// it; when it does not, the journal goes. The journal holds the moment it begins from, whatever was done to the session before.
    /// </summary>
    /// <param name="session">The session that the body runs.</param>
    /// <param name="path">Where the journal goes; a build server keeps such files as artefacts.</param>
    /// <param name="body">The test.</param>
    /// <param name="options">How it is recorded; the images are in the journal in any case.</param>
    /// <exception cref="RecordedTestException">The body threw an exception, which is inside.</exception>
    public static void Run(Session session, string path, Action<Session> body, RecordingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(body);
        using var recording = Recording.Start(session, path, (options ?? new RecordingOptions()) with { EmbedImages = true });
        try
        {
            body(session);
        }
        catch (Exception error)
        {
            recording.Finish("test-failed");
            throw new RecordedTestException($"{error.Message}\nThe run is recorded: sim replay {path}", error);
        }

        recording.Dispose();
        File.Delete(path);
    }
}

/// <summary>A test has failed, and its run is recorded.</summary>
public sealed class RecordedTestException : Exception
{
    /// <summary>Creates the exception.</summary>
    public RecordedTestException(string message, Exception inner) : base(message, inner) { }

    /// <summary>Creates the exception.</summary>
    public RecordedTestException(string message) : base(message) { }

    /// <summary>Creates the exception.</summary>
    public RecordedTestException() { }
}
