namespace Sim.Engine.Devices.Char;

/// <content>The eight registers (PC16550D, section 8).</content>
public sealed partial class Serial
{
    /// <summary>The value that <see cref="Read"/> would give, without its side effects.</summary>
    /// <param name="register">Register, 0 to 7.</param>
    public byte Peek(int register)
    {
        var latch = Is(State.Lcr, Lcr.DivisorLatch);
        return register switch
        {
            0 when latch => (byte)State.Divisor,
            0 when FifosEnabled => State.FifoCount > 0 ? State.Fifo[0] : (byte)0,
            0 => State.Rbr,
            1 when latch => (byte)(State.Divisor >> 8),
            1 => State.Ier,
            2 => (byte)(PendingInterrupt() | (FifosEnabled ? Iir.FifosEnabled : 0)),
            3 => State.Lcr,
            4 => State.Mcr,
            5 => State.Lsr,
            6 => Is(State.Mcr, Mcr.Loop) ? LoopedModemStatus() : State.Msr,
            _ => State.Scr,
        };
    }

    /// <summary>Reads a register. QEMU: serial_ioport_read.</summary>
    /// <param name="register">Register, 0 to 7.</param>
    public byte Read(int register)
    {
        var value = Peek(register);
        switch (register)
        {
            case 0 when !Is(State.Lcr, Lcr.DivisorLatch):
                TakeReceived();
                break;
            case 2 when (value & Iir.Mask) == Iir.TransmitterEmpty:
                State.TransmitterEmptyPending = false;
                UpdateIrq();
                break;
            case 5 when Is(value, Lsr.Break | Lsr.Overrun):
                State.Lsr &= unchecked((byte)~(Lsr.Break | Lsr.Overrun));
                UpdateIrq();
                break;
            case 6 when !Is(State.Mcr, Mcr.Loop) && Is(value, Msr.AnyDelta):
                State.Msr &= unchecked((byte)~Msr.AnyDelta);
                UpdateIrq();
                break;
        }

        return value;
    }

    /// <summary>Writes a register. QEMU: serial_ioport_write.</summary>
    /// <param name="register">Register, 0 to 7.</param>
    /// <param name="value">The byte.</param>
    public void Write(int register, byte value)
    {
        var latch = Is(State.Lcr, Lcr.DivisorLatch);
        switch (register)
        {
            case 0 when latch:
                State.Divisor = (ushort)(State.Divisor & 0xFF00 | value);
                break;
            case 0:
                Transmit(value);
                break;
            case 1 when latch:
                State.Divisor = (ushort)(State.Divisor & 0xFF | value << 8);
                break;
            case 1:
                WriteIer((byte)(value & Ier.Mask));
                break;
            case 2:
                WriteFcr(value);
                break;
            case 3:
                State.Lcr = value;
                break;
            case 4:
                State.Mcr = (byte)(value & Mcr.Mask);
                chardev?.Deliver();
                break;
            case 7:
                State.Scr = value;
                break;
        }
    }

    private static bool Is(byte register, int bits) => (register & bits) != 0;

    /// <summary>
    /// In loopback the modem inputs follow the outputs: OUT2, OUT1, DTR and RTS show as carrier, ring, data set and clear to send.
    /// </summary>
    private byte LoopedModemStatus() =>
        (byte)((State.Mcr & (Mcr.Out1 | Mcr.Out2)) << 4 | (State.Mcr & Mcr.RequestToSend) << 3 | (State.Mcr & Mcr.DataTerminalReady) << 5);

    private void TakeReceived()
    {
        if (FifosEnabled)
        {
            if (State.FifoCount > 0)
            {
                State.FifoCount--;
                Array.Copy(State.Fifo, 1, State.Fifo, 0, FifoLength - 1);
                State.Fifo[FifoLength - 1] = 0;
            }

            State.TimeoutPending = false;
            if (State.FifoCount > 0)
                ArmTimeout();
        }

        if (!FifosEnabled || State.FifoCount == 0)
        {
            State.Lsr &= unchecked((byte)~(Lsr.DataReady | Lsr.Break));
            timeout.Disarm();
        }

        UpdateIrq();
        chardev?.Deliver();
    }

    private void Transmit(byte value)
    {
        // The line falls and rises again, as on a chip whose transmitter empties at once: an edge-triggered controller needs to see it.
        State.TransmitterEmptyPending = false;
        UpdateIrq();
        if (Is(State.Mcr, Mcr.Loop))
            Receive(value);
        else
            chardev?.Write(value);
        State.TransmitterEmptyPending = true;
        UpdateIrq();
    }

    private void WriteIer(byte value)
    {
        var changed = State.Ier ^ value;
        State.Ier = value;

        // Switching the interrupt on while the transmitter is empty raises it, even when it has been identified before; drivers rely on it.
        if ((changed & Ier.TransmitterEmpty) != 0)
            State.TransmitterEmptyPending = Is(value, Ier.TransmitterEmpty) && Is(State.Lsr, Lsr.TransmitterHoldingEmpty);
        UpdateIrq();
    }

    private void WriteFcr(byte value)
    {
        // Switching the FIFOs on or off clears both.
        if (Is((byte)(value ^ State.Fcr), Fcr.Enable))
            value |= Fcr.ClearReceiver | Fcr.ClearTransmitter;
        if (Is(value, Fcr.ClearReceiver))
        {
            Array.Clear(State.Fifo);
            State.FifoCount = 0;
            State.Lsr &= unchecked((byte)~(Lsr.DataReady | Lsr.Break));
            State.TimeoutPending = false;
            timeout.Disarm();
        }

        if (Is(value, Fcr.ClearTransmitter))
            State.TransmitterEmptyPending = true;
        State.Fcr = (byte)(value & Fcr.Kept);
        UpdateIrq();
        chardev?.Deliver();
    }

    private static class Ier
    {
        public const int DataAvailable = 0x01, TransmitterEmpty = 0x02, LineStatus = 0x04, ModemStatus = 0x08, Mask = 0x0F;
    }

    private static class Iir
    {
        public const byte None = 0x01, ModemStatus = 0x00, TransmitterEmpty = 0x02, DataAvailable = 0x04, LineStatus = 0x06, Timeout = 0x0C;
        public const int Mask = 0x0F, FifosEnabled = 0xC0;
    }

    private static class Fcr
    {
        public const int Enable = 0x01, ClearReceiver = 0x02, ClearTransmitter = 0x04, Kept = 0xC9;
    }

    private static class Lcr
    {
        public const int WordLength = 0x03, TwoStopBits = 0x04, Parity = 0x08, DivisorLatch = 0x80;
    }

    private static class Mcr
    {
        public const int DataTerminalReady = 0x01, RequestToSend = 0x02, Out1 = 0x04, Out2 = 0x08, Loop = 0x10, Mask = 0x1F;
    }

    private static class Lsr
    {
        public const int DataReady = 0x01, Overrun = 0x02, Break = 0x10, AnyError = 0x1E, TransmitterHoldingEmpty = 0x20;
    }

    private static class Msr
    {
        public const int AnyDelta = 0x0F;
    }
}
