namespace Sim.Engine.Boards.Images;

/// <summary>Reads the files of the host that a machine starts from.</summary>
public static class ImageFile
{
    /// <summary>Reads a file whole.</summary>
    /// <param name="path">Path of the file; becomes the image's name.</param>
    /// <param name="role">What it is for, such as "firmware" or "kernel"; part of the error message.</param>
    /// <exception cref="Base.SimException">The file cannot be read.</exception>
    public static GuestImage Read(string path, string role)
    {
        try
        {
            return new GuestImage(path, File.ReadAllBytes(path));
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
