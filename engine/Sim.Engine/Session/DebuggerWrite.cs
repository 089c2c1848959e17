namespace Sim.Engine.Session;

/// <summary>
/// What a debugger changes from outside: an input of the run. It takes effect at once, between two instructions, see
/// <see cref="InputPort.Apply"/>.
/// </summary>
/// <param name="Vcpu">Index of the CPU through which it is written.</param>
public abstract record DebuggerWrite(int Vcpu);

/// <summary>Bytes written at effective addresses, as the CPU's MMU translates them at that moment.</summary>
/// <param name="Vcpu">Index of the CPU.</param>
/// <param name="Address">First effective address.</param>
/// <param name="Bytes">The bytes.</param>
public sealed record MemoryWrite(int Vcpu, uint Address, ReadOnlyMemory<byte> Bytes) : DebuggerWrite(Vcpu);

/// <summary>A register written by name, see <see cref="Cpu.PowerPc.PowerPcCpu.WriteRegister"/>.</summary>
/// <param name="Vcpu">Index of the CPU.</param>
/// <param name="Register">Its name, in lower case.</param>
/// <param name="Value">The value.</param>
public sealed record RegisterWrite(int Vcpu, string Register, ulong Value) : DebuggerWrite(Vcpu);
