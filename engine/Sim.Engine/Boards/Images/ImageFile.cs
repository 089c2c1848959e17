namespace Sim.Engine.Boards.Images;

/// <summary>A file given to the machine (firmware, kernel, initial RAM disk, device tree): its name for messages and its bytes.</summary>
/// <param name="Name">The name as the user gave it.</param>
/// <param name="Bytes">The whole contents.</param>
public sealed record ImageFile(string Name, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Reads a file of the host.</summary>
    /// <param name="path">Path of the file.</param>
    /// <param name="role">What it is for, such as "firmware" or "kernel"; part of the error message.</param>
    /// <exception cref="Base.SimException">The file cannot be read.</exception>
    public static ImageFile Read(string path, string role)
    {
        try
        {
            return new ImageFile(path, File.ReadAllBytes(path));
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw ImageError.In(path, $"this {role} file does not exist", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw ImageError.In(path, $"this {role} file cannot be read ({exception.Message.TrimEnd('.')})", exception);
        }
    }
}
