using MessagePack;
using Sim.Engine.Base;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>Saved state of a PowerPC core: every register of <see cref="PowerPcRegisters"/>, by name, in its order.</summary>
[MessagePackObject]
public sealed class PowerPcCpuState
{
    /// <summary>The registers.</summary>
    [Key(0)] public RegisterValues[] Registers = [];
}

/// <summary>One register or array of registers.</summary>
[MessagePackObject]
public sealed class RegisterValues
{
    /// <summary>Name, as the manual or the simulator calls it.</summary>
    [Key(0)] public string Name = "";

    /// <summary>Its elements.</summary>
    [Key(1)] public ulong[] Values = [];
}

/// <summary>Copies between the register file and its saved form.</summary>
internal static unsafe class PowerPcStateSection
{
    public static PowerPcCpuState Save(PowerPcState* s) => new()
    {
        Registers = Array.ConvertAll(PowerPcRegisters.All, register => new RegisterValues
        {
            Name = register.Name,
            Values = ReadAll(s, register),
        }),
    };

    static ulong[] ReadAll(PowerPcState* s, RegisterDescription register)
    {
        var values = new ulong[register.Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = Read(s, register, i);
        return values;
    }

    public static void Load(PowerPcState* s, PowerPcCpuState saved)
    {
        RegisterDescription[] expected = PowerPcRegisters.All;
        if (saved.Registers?.Length != expected.Length)
            throw Wrong($"{saved.Registers?.Length ?? 0} registers; expected {expected.Length}");
        for (int i = 0; i < expected.Length; i++)
        {
            RegisterValues? found = saved.Registers[i];
            if (found?.Name != expected[i].Name || found.Values?.Length != expected[i].Count)
                throw Wrong($"'{found?.Name}' of {found?.Values?.Length ?? 0} elements where '{expected[i].Name}' of {expected[i].Count} belongs");
            for (int element = 0; element < found.Values.Length; element++)
            {
                ulong value = found.Values[element];
                if ((value & ~expected[i].Possible) != 0)
                    throw Wrong($"0x{value:x} as '{found.Name}', which has no bits but 0x{expected[i].Possible:x}");
                Write(s, expected[i], element, value);
            }
        }
    }

    static SimException Wrong(FormattableString what) =>
        new("State of a PowerPC CPU has " + what.ToString(System.Globalization.CultureInfo.InvariantCulture) + ".", SimErrorKind.Guest);

    /// <summary>One element of a register.</summary>
    public static ulong Read(PowerPcState* s, RegisterDescription register, int element)
    {
        byte* at = (byte*)s + register.Offset + element * register.Width;
        return register.Width switch { 1 => *at, 4 => *(uint*)at, _ => *(ulong*)at };
    }

    /// <summary>Sets one element of a register.</summary>
    public static void Write(PowerPcState* s, RegisterDescription register, int element, ulong value)
    {
        byte* at = (byte*)s + register.Offset + element * register.Width;
        if (register.Width == 1)
            *at = (byte)value;
        else if (register.Width == 4)
            *(uint*)at = (uint)value;
        else
            *(ulong*)at = value;
    }
}
