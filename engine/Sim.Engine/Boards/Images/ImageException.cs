namespace Sim.Engine.Boards.Images;

/// <summary>A guest image (ELF, uImage, gzip, device tree blob, raw file) that cannot be used: its message is one sentence that names
/// the file, what is wrong with it and what was expected.</summary>
public sealed class ImageException : Exception
{
    /// <summary>An error without text; the other constructors say more.</summary>
    public ImageException()
    {
    }

    /// <summary>An error with a complete sentence.</summary>
    public ImageException(string message)
        : base(message)
    {
    }

    /// <summary>An error with a complete sentence and the exception that led to it.</summary>
    public ImageException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>An error about one file: "FILE: what is wrong with it".</summary>
    internal static ImageException For(string file, string what, Exception? cause = null) =>
        cause is null ? new ImageException($"{file}: {what}") : new ImageException($"{file}: {what}", cause);
}
