using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Sim.Cli.Running;

/// <summary>
/// Puts the terminal on standard input into raw mode, so that every key goes to the guest, and back: when disposed, and however else the
/// process ends short of being killed.
/// </summary>
internal sealed class RawTerminal : IDisposable
{
    private const int StandardInput = 0;
    private const int SetNow = 0;

    /// <summary>Larger than any system's <c>struct termios</c>.</summary>
    private const int StructureSize = 256;

    private readonly byte[] original;
    private bool restored;

    private RawTerminal(byte[] original)
    {
        this.original = original;
        AppDomain.CurrentDomain.ProcessExit += OnProcessEnds;
        AppDomain.CurrentDomain.UnhandledException += OnProcessEnds;
    }

    /// <summary>Enters raw mode; null when standard input does not allow it.</summary>
    public static RawTerminal? Enter()
    {
        var original = new byte[StructureSize];
        if (OperatingSystem.IsWindows() || tcgetattr(StandardInput, original) != 0)
            return null;
        var raw = (byte[])original.Clone();
        cfmakeraw(raw);

        // The output flags, second of the flag words, stay: a line feed alone still begins a new line, for guest and messages alike.
        var flagSize = OperatingSystem.IsMacOS() ? 8 : 4;
        original.AsSpan(flagSize, flagSize).CopyTo(raw.AsSpan(flagSize));
        var terminal = new RawTerminal(original);
        if (tcsetattr(StandardInput, SetNow, raw) == 0)
            return terminal;
        terminal.Dispose();
        return null;
    }

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnProcessEnds;
        AppDomain.CurrentDomain.UnhandledException -= OnProcessEnds;
        Restore();
    }

    private void OnProcessEnds(object? sender, EventArgs arguments) => Restore();

    private void Restore()
    {
        if (restored)
            return;
        restored = true;
        _ = tcsetattr(StandardInput, SetNow, original);
    }

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [SuppressMessage("Style", "IDE1006", Justification = "The C library's name.")]
    private static extern int tcgetattr(int file, [Out] byte[] settings);

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [SuppressMessage("Style", "IDE1006", Justification = "The C library's name.")]
    private static extern int tcsetattr(int file, int when, [In] byte[] settings);

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [SuppressMessage("Style", "IDE1006", Justification = "The C library's name.")]
    private static extern void cfmakeraw([In, Out] byte[] settings);
}
