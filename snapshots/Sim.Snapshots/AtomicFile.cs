using Sim.Engine.Base;

namespace Sim.Snapshots;

/// <summary>Writes files so that a name stands for the whole old content or the whole new one, whatever happens in between.</summary>
public static class AtomicFile
{
    /// <summary>
    /// Writes a file beside its place, brings it to the disk and then gives it its name, in the place of an old one. A failure leaves the
    /// old file as it was and nothing beside it; a host that dies midway may leave the unfinished file, whose name ends with <c>.tmp</c>.
    /// </summary>
    /// <param name="path">Where the file goes.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="SimException">The file cannot be written.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        string? unfinished = null;
        try
        {
            if (Directory.Exists(path))
                throw new SimException($"{path}: the file cannot be written: there is a directory of that name.", SimErrorKind.Guest);
            if (Path.GetDirectoryName(Path.GetFullPath(path)) == "/dev")
                throw new SimException($"{path}: the file cannot be written: it would take the place of a device.", SimErrorKind.Guest);
            unfinished = FormattableString.Invariant($"{path}.{Environment.ProcessId}.tmp");
            using (var stream = new FileStream(unfinished, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(unfinished, path, overwrite: true);
        }
        catch (Exception error)
        {
            if (unfinished is not null)
                Remove(unfinished);
            if (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
                throw new SimException($"{path}: the file cannot be written ({error.Message.TrimEnd('.')}).", SimErrorKind.Guest, error);
            throw;
        }
    }

    private static void Remove(string unfinished)
    {
        try
        {
            File.Delete(unfinished);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The first failure is the one to tell.
        }
    }
}
