using Sim.Engine.Base;

namespace Sim.Engine.Boards.Images;

/// <summary>Errors about a guest image: exit code 3, "FILE: what is wrong and what was expected."</summary>
internal static class ImageError
{
    public static SimException In(string file, string what, Exception? cause = null) => new($"{file}: {what}.", SimErrorKind.Guest, cause);
}
