namespace Sim.Cli;

/// <summary>Text that may come from a file or a guest, made fit for a terminal.</summary>
internal static class PrintableText
{
    /// <summary>The text with a question mark for each control character but line ends and tabs: they could move the cursor or worse.</summary>
    public static string Of(string text) => string.Concat(text.Select(static c => char.IsControl(c) && c is not ('\n' or '\t') ? '?' : c));
}
