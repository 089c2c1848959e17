using System.Text;
using Sim.Engine.Base;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;

namespace Sim.PropertyKit.Machines;

/// <summary>
/// A host as unpredictable as a person at a terminal: types at moments of its own, and lets an idle machine's time pass in pieces. It stands
/// where the command line has its keyboard and its pacing.
/// </summary>
/// <param name="seed">Decides what it does.</param>
/// <param name="inputs">Inputs that it types in all.</param>
public sealed class RandomHost(ulong seed, int inputs) : IPacer, IInputInbox
{
    private Prng draw = Prng.FromSeed(seed);
    private int typed;
    private bool isTyping;

    /// <summary>Inputs typed while the machine was idle.</summary>
    public int TypedWhileIdle { get; private set; }

    /// <summary>Inputs typed at the same moment as the one before.</summary>
    public int TypedTogether { get; private set; }

    /// <summary>Inputs typed in all.</summary>
    public int Typed => typed;

    /// <inheritdoc/>
    public void Pace(long virtualTime)
    {
    }

    /// <inheritdoc/>
    public long AdvanceIdle(long now, long target, CancellationToken cancellation)
    {
        if (draw.Below(3) > 0)
            return target;
        TypedWhileIdle += typed < inputs ? 1 : 0;
        return now + draw.Below(target - now + 1);
    }

    /// <inheritdoc/>
    public bool WaitForInput(CancellationToken cancellation) => typed < inputs;

    /// <inheritdoc/>
    public bool TryTake(out InputEvent input)
    {
        input = default;
        if (typed == inputs || draw.Below(isTyping ? 3 : 40) > 0)
        {
            isTyping = false;
            return false;
        }

        TypedTogether += isTyping ? 1 : 0;
        isTyping = true;
        typed++;
        var text = (string[])["\r", "x", "help\r", "\x03", "date\r", "sleep 1\r", "\0\xff", "version\r"];
        input = new InputEvent(0, Encoding.Latin1.GetBytes(text[draw.Below(text.Length)]));
        return true;
    }
}
