using Sim.Engine.Base;

namespace Sim.Snapshots;

/// <summary>Opens files of records for readers that own them.</summary>
internal static class RecordFile
{
    /// <summary>Opens a file and reads it.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="what">What it is, for messages: <c>snapshot file</c>.</param>
    /// <param name="share">What others may do with it meanwhile.</param>
    /// <param name="read">Makes the reader, see <see cref="Own"/>.</param>
    /// <exception cref="SimException">It does not exist or cannot be read, or the reader refuses it.</exception>
    public static T Open<T>(string path, string what, FileShare share, Func<Stream, string, T> read)
    {
        try
        {
            return Own(new FileStream(path, FileMode.Open, FileAccess.Read, share, 1 << 20), path, read);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw SnapshotError.In(path, $"this {what} does not exist", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw SnapshotError.In(path, $"this {what} cannot be read ({error.Message.TrimEnd('.')})", error);
        }
    }

    /// <summary>Gives a stream to a reader; one that cannot be made closes it.</summary>
    public static T Own<T>(Stream stream, string name, Func<Stream, string, T> read)
    {
        ArgumentNullException.ThrowIfNull(stream);
        try
        {
            return read(stream, name);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }
}
