using MessagePack;

namespace Sim.Engine.Devices.Char;

/// <summary>All that a snapshot keeps of a UART. Initial values are the power-on values.</summary>
[MessagePackObject]
public sealed class SerialState
{
    /// <summary>Baud rate divisor (DLM:DLL).</summary>
    [Key(0)] public ushort Divisor = 0x0C;

    /// <summary>Interrupt enable register.</summary>
    [Key(1)] public byte Ier;

    /// <summary>FIFO control register: enable and trigger level.</summary>
    [Key(2)] public byte Fcr;

    /// <summary>Line control register.</summary>
    [Key(3)] public byte Lcr;

    /// <summary>Modem control register; OUT2 is on.</summary>
    [Key(4)] public byte Mcr = 0x08;

    /// <summary>Line status register; the transmitter is empty.</summary>
    [Key(5)] public byte Lsr = 0x60;

    /// <summary>Modem status register; carrier, data set and clear to send are on.</summary>
    [Key(6)] public byte Msr = 0xB0;

    /// <summary>Scratch register.</summary>
    [Key(7)] public byte Scr;

    /// <summary>Receiver buffer register, in use while the FIFOs are off.</summary>
    [Key(8)] public byte Rbr;

    /// <summary>True when the transmitter has become empty and nobody has been told.</summary>
    [Key(9)] public bool TransmitterEmptyPending;

    /// <summary>True when received bytes have waited for four character times.</summary>
    [Key(10)] public bool TimeoutPending;

    /// <summary>The receive FIFO: the byte read next comes first.</summary>
    [Key(11)] public byte[] Fifo = new byte[16];

    /// <summary>Number of bytes in the receive FIFO.</summary>
    [Key(12)] public int FifoCount;
}
