using System.Globalization;
using System.Text;

namespace Sim.Tests;

/// <summary>
/// A case with its outcome as one line of text: <c>mnemonic code… input=value… > output=value…</c>, all hexadecimal. Inputs that have
/// their default value and outputs that an instruction without effect would leave are not written.
/// </summary>
internal static class CaseText
{
    /// <summary>Writes a line.</summary>
    public static string Format(string mnemonic, PowerPcCase input, PowerPcCase.Outcome outcome)
    {
        var line = new StringBuilder(mnemonic);
        foreach (uint word in input.Code)
            line.Append(CultureInfo.InvariantCulture, $" {word:x8}");
        Append(line, Inputs(input), Inputs(Default()));
        line.Append(" >");
        Append(line, outcome.Fields(), Unaffected(input).Fields());
        return line.ToString();
    }

    /// <summary>Reads a line.</summary>
    public static (string Mnemonic, PowerPcCase Input, PowerPcCase.Outcome Outcome) Parse(string line)
    {
        string[] sides = line.Split(" >");
        string[] words = sides[0].Split(' ');
        var input = Default([.. words.Skip(1).Where(static w => !w.Contains('=')).Select(static w => Convert.ToUInt32(w, 16))]);
        foreach (string word in words.Where(static w => w.Contains('=')))
            Set(input, word.Split('=')[0], Convert.ToUInt64(word.Split('=')[1], 16));
        var outcome = Unaffected(input);
        foreach (string word in sides[1].Split(' ', StringSplitOptions.RemoveEmptyEntries))
            outcome.Set(word.Split('=')[0], Convert.ToUInt64(word.Split('=')[1], 16));
        return (words[0], input, outcome);
    }

    /// <summary>A case with the default inputs.</summary>
    public static PowerPcCase Default(params uint[] code)
    {
        var input = new PowerPcCase { Code = code, Acc = 0x0123_4567_89AB_CDEF, Cr = 0x1357_9BDF, Lr = 0x6222_2220, Ctr = 0x4000_0005 };
        for (int i = 0; i < PowerPcCase.MemorySize; i++)
            input.Memory[i] = (byte)(0x71 + (5 * i));
        return input;
    }

    static PowerPcCase.Outcome Unaffected(PowerPcCase input)
    {
        var outcome = new PowerPcCase.Outcome
        {
            Acc = input.Acc,
            Cr = input.Cr,
            Xer = input.Xer,
            Lr = input.Lr,
            Ctr = input.Ctr,
            Spefscr = input.Spefscr,
            Vector = 8,
            Srr0 = (uint)(ConformanceProgram.CodeSlot + (4 * input.Code.Length) + 4),
            Srr1 = input.Msr,
        };
        input.Gpr.CopyTo(outcome.Gpr, 0);
        input.Memory.CopyTo(outcome.Memory, 0);
        return outcome;
    }

    static IEnumerable<(string Name, ulong Value)> Inputs(PowerPcCase input)
    {
        for (int i = 0; i < 32; i++)
            yield return ($"r{i}", input.Gpr[i]);
        yield return ("acc", input.Acc);
        yield return ("cr", input.Cr);
        yield return ("xer", input.Xer);
        yield return ("lr", input.Lr);
        yield return ("ctr", input.Ctr);
        yield return ("spefscr", input.Spefscr);
        yield return ("msr", input.Msr);
    }

    static void Set(PowerPcCase input, string name, ulong value)
    {
        switch (name)
        {
            case "acc": input.Acc = value; break;
            case "cr": input.Cr = (uint)value; break;
            case "xer": input.Xer = (uint)value; break;
            case "lr": input.Lr = (uint)value; break;
            case "ctr": input.Ctr = (uint)value; break;
            case "spefscr": input.Spefscr = (uint)value; break;
            case "msr": input.Msr = (uint)value; break;
            default: input.Gpr[int.Parse(name.AsSpan(1), CultureInfo.InvariantCulture)] = value; break;
        }
    }

    static void Append(StringBuilder line, IEnumerable<(string Name, ulong Value)> fields, IEnumerable<(string Name, ulong Value)> defaults)
    {
        foreach (var (field, other) in fields.Zip(defaults))
            if (field.Value != other.Value)
                line.Append(CultureInfo.InvariantCulture, $" {field.Name}={field.Value:x}");
    }
}
