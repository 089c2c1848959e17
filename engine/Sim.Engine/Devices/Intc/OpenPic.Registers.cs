using Sim.Engine.Memory;

namespace Sim.Engine.Devices.Intc;

/// <summary>Registers of the global, source and per-CPU blocks. MPC8544E Reference Manual, chapter 10.</summary>
public sealed partial class OpenPic
{
    /// <summary>What a register that the controller does not have reads, as in QEMU.</summary>
    private const uint NoRegister = 0xFFFF_FFFF;

    private const uint GlobalReset = 0x8000_0000;
    private const uint GlobalMode = 0x6000_0000;
    private const uint GlobalModeOfMpic20 = 0x2000_0000;
    private const uint ExternalPin = 0x8000_0000;

    /// <summary>Bits of a destination register for critical interrupts; MPIC 4.2 has none.</summary>
    private uint CriticalDestinations => model == ModelMpic20 ? 0x7FFF_FFFF & ~(0x7FFF_FFFFu >> CpuCount) : 0;

    private uint DestinationBits => AllCpus | CriticalDestinations | (model == ModelMpic20 ? ExternalPin : 0);

    /// <summary>BRR1: the block's identity and version.</summary>
    private uint BlockRevision => model == ModelMpic20 ? 0x0040_0200u : 0x0040_0402u;

    /// <summary>FRR: number of the last source, of the last CPU, version 1.2 of the specification.</summary>
    private uint Features => (model == ModelMpic20 ? 0x004F_0002u : 0x00C3_0002u) | (uint)(CpuCount - 1) << 8;

    private uint ReadGlobal(uint offset, BusInitiator? initiator, bool change)
    {
        switch (offset)
        {
            case 0x0000:
                return BlockRevision;
            case >= 0x40 and < 0xC0:
                return initiator is null ? NoRegister : ReadCpuRegister(initiator.CpuIndex, offset, change);
            case 0x1000:
                return Features;
            case 0x1020:
                return State.GlobalConfiguration;
            case 0x1080:
                // VIR: there is no vendor's number.
                return 0;
            case 0x1090:
                return State.ProcessorReset;
            case 0x10A0 or 0x10B0 or 0x10C0 or 0x10D0:
                return ReadVectorPriority(IpiAt(offset));
            case 0x10E0:
                return State.SpuriousVector;
            default:
                return NoSuchRegister("read of a global register that does not exist", offset, change);
        }
    }

    private void WriteGlobal(uint offset, uint value, BusInitiator? initiator)
    {
        switch (offset)
        {
            case >= 0x40 and < 0xC0:
                if (initiator is not null)
                    WriteCpuRegister(initiator.CpuIndex, offset, value);
                break;
            case 0x1020:
                if ((value & GlobalReset) != 0)
                    ResetRegisters();
                else
                    State.GlobalConfiguration = value & (model == ModelMpic20 ? GlobalModeOfMpic20 : GlobalMode);
                break;
            case 0x1090:
                State.ProcessorReset = value & AllCpus;
                UpdateAllOutputs();
                break;
            case 0x10A0 or 0x10B0 or 0x10C0 or 0x10D0:
                WriteVectorPriority(IpiAt(offset), value);
                break;
            case 0x10E0:
                State.SpuriousVector = value & VectorField;
                break;
            case 0x0000 or 0x1000 or 0x1080:
                break;
            default:
                NoSuchRegister("write to a global register that does not exist", offset, true);
                break;
        }
    }

    private static int IpiAt(uint offset) => OpenPicState.FirstIpi + (int)(offset - 0x10A0 >> 4);

    private uint ReadSource(uint offset, BusInitiator? initiator, bool change)
    {
        var source = (int)(offset >> 5);
        return (offset & 0x1F) switch
        {
            0x00 => ReadVectorPriority(source),
            0x10 => State.Destination[source],
            0x18 when model == ModelMpic42 => State.InternalLevel[source],
            _ => NoSuchRegister("read of a source register that does not exist", offset, change),
        };
    }

    private void WriteSource(uint offset, uint value)
    {
        var source = (int)(offset >> 5);
        switch (offset & 0x1F)
        {
            case 0x00:
                WriteVectorPriority(source, value);
                break;
            case 0x10:
                WriteDestination(source, value);
                break;
            case 0x18 when model == ModelMpic42:
                // The other targets of the manual (IRQ_OUT pins, debug) lead out of the part of the chip that is here.
                State.InternalLevel[source] = (byte)(value is OutputCritical or OutputMachineCheck ? value : OutputExternal);
                ForgetEdgeWithoutAcknowledge(source);
                UpdateSource(source);
                break;
            default:
                NoSuchRegister("write to a source register that does not exist", offset, true);
                break;
        }
    }

    private uint ReadVectorPriority(int source) => State.VectorPriority[source] | (Requests(source) ? Activity : 0);

    /// <summary>Writes mask, polarity and sense (where the kind of source has them), priority and vector.</summary>
    private void WriteVectorPriority(int source, uint value)
    {
        State.VectorPriority[source] = value & source switch
        {
            < OpenPicState.ExternalCount => Mask | Polarity | Sense | 0x000F_FFFF,
            < OpenPicState.FirstIpi => Mask | Polarity | 0x000F_FFFF,
            _ => Mask | 0x000F_FFFF,
        };
        if (IsLevelSensitive(source))
            State.Requested[source] = 0;
        UpdateSource(source);
    }

    private void WriteDestination(int source, uint value)
    {
        State.Destination[source] = value & DestinationBits;
        ForgetEdgeWithoutAcknowledge(source);
        UpdateSource(source);
    }

    /// <summary>A request that has become a critical one can never be acknowledged.</summary>
    private void ForgetEdgeWithoutAcknowledge(int source)
    {
        if (OutputOf(source) != OutputExternal)
            State.Requested[source] = 0;
    }

    private uint ReadPerCpu(uint offset, BusInitiator? initiator, bool change) =>
        ReadCpuRegister((int)(offset >> 12), offset & 0xFFF, change);

    private void WritePerCpu(uint offset, uint value) => WriteCpuRegister((int)(offset >> 12), offset & 0xFFF, value);

    /// <summary>Reads a register of one CPU; CPUs reach their own at the start of the global block as well.</summary>
    private uint ReadCpuRegister(int cpu, uint offset, bool change)
    {
        if (cpu >= CpuCount)
            return NoSuchRegister("read of a register of a CPU that does not exist", offset, change);
        return offset switch
        {
            0x80 => State.TaskPriority[cpu],
            0x90 => (uint)cpu,
            0xA0 => change ? Acknowledge(cpu) : PeekAcknowledge(cpu),
            0xB0 => 0,
            0x40 or 0x50 or 0x60 or 0x70 => NoRegister,
            _ => NoSuchRegister("read of a CPU register that does not exist", offset, change),
        };
    }

    private void WriteCpuRegister(int cpu, uint offset, uint value)
    {
        if (cpu >= CpuCount)
        {
            NoSuchRegister("write to a register of a CPU that does not exist", offset, true);
            return;
        }

        switch (offset)
        {
            case 0x40 or 0x50 or 0x60 or 0x70:
                DispatchIpi((int)(offset - 0x40 >> 4), value);
                break;
            case 0x80:
                State.TaskPriority[cpu] = (byte)(value & 15);
                UpdateOutputs(cpu);
                break;
            case 0xB0:
                EndOfInterrupt(cpu, offset);
                break;
            case 0x90 or 0xA0:
                break;
            default:
                NoSuchRegister("write to a CPU register that does not exist", offset, true);
                break;
        }
    }

    /// <summary>IPIDR: requests an interprocessor interrupt at the CPUs given, beside those that it still waits at.</summary>
    private void DispatchIpi(int ipi, uint cpus)
    {
        State.Requested[OpenPicState.FirstIpi + ipi] |= cpus & AllCpus;
        UpdateSource(OpenPicState.FirstIpi + ipi);
    }

    private uint NoSuchRegister(string text, uint offset, bool log)
    {
        if (log)
            LogGuestError(text, offset);
        return NoRegister;
    }
}
