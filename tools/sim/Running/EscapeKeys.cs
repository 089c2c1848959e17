namespace Sim.Cli.Running;

/// <summary>What a typed byte means to the terminal's escape.</summary>
internal enum EscapeAction
{
    /// <summary>The byte is for the guest.</summary>
    Send,

    /// <summary>The byte is swallowed.</summary>
    Nothing,

    /// <summary>The user wants to see the keys.</summary>
    Help,

    /// <summary>The user wants to mark the moment in the recording.</summary>
    Mark,

    /// <summary>The user wants to leave.</summary>
    Leave,
}

/// <summary>Ctrl-A and the key after it, as in QEMU's -nographic: X leaves, H helps, M marks the moment in a recording, Ctrl-A itself sends Ctrl-A.</summary>
internal sealed class EscapeKeys
{
    public const string Help = "\r\nCtrl-A X  leave\r\nCtrl-A H  this help\r\nCtrl-A M  mark this moment in the recording\r\nCtrl-A Ctrl-A  send Ctrl-A to the guest\r\n";

    private const byte ControlA = 1;

    private bool escaped;

    /// <summary>Takes the next typed byte.</summary>
    public EscapeAction Type(byte value)
    {
        if (!escaped)
        {
            escaped = value == ControlA;
            return escaped ? EscapeAction.Nothing : EscapeAction.Send;
        }

        escaped = false;
        return value switch
        {
            ControlA => EscapeAction.Send,
            (byte)'x' or (byte)'X' => EscapeAction.Leave,
            (byte)'m' or (byte)'M' => EscapeAction.Mark,
            (byte)'h' or (byte)'H' or (byte)'?' => EscapeAction.Help,
            _ => EscapeAction.Nothing,
        };
    }
}
