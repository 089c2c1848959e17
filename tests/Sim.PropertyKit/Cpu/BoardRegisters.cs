namespace Sim.PropertyKit.Cpu;

/// <summary>
/// Registers of the devices of an e500 board, and values that make something of them: offsets in the board's register space. Programs with random accesses to them
/// have interrupts, timers that run, bytes that wait and windows that are open. None resets the machine, or drives the pin that switches it off.
/// </summary>
internal static class BoardRegisters
{
    private const int AccessesPerPart = 6;

    /// <summary>Registers of the MPIC: GCR, CTPR of the CPU that accesses it, vector and priority of the first timer.</summary>
    private const uint GlobalConfiguration = 0x4_1020, TaskPriority = 0x4_0080, FirstTimerVector = 0x4_1120;

    /// <summary>The UARTs' interrupt at the MPIC: vector and priority, destination, level.</summary>
    private const uint UartVector = 0x5_0540, UartDestination = 0x5_0550, UartLevel = 0x5_0558;

    private const uint FirstUart = 0x4500, InterruptEnable = 1;

    private static readonly Register[][] Devices = [Mpic(), Mpic(), Uart(FirstUart), Uart(0x4600), I2c(), Pci(), Gpio()];

    /// <summary>Adds accesses to one device: mostly writes.</summary>
    /// <param name="code">Receives the instructions.</param>
    /// <param name="part">Which device, registers and values.</param>
    /// <param name="data">The register that is loaded and stored.</param>
    public static void AddAccesses(List<uint> code, GuestPart part, int data)
    {
        var device = Devices[part.A % Devices.Length];
        if (part.A / Devices.Length % 2 == 0)
            AddDelivery(code, part, data);
        for (var number = 0u; number < AccessesPerPart; number++)
        {
            var choice = (((uint)part.A * 10_000) + (uint)part.B + number) * 0x9E37_79B9u >> 8;
            var register = device[choice % device.Length];
            var value = register.Values[choice / 64 % register.Values.Length];
            if (register.Select != 0)
                Store(code, data, register.Offset - 4, register.Select);
            code.AddRange(Asm.Li(data, value));
            code.AddRange(Asm.Li(GuestProgram.Scratch, GuestProgram.Board + register.Offset));
            code.Add((choice / 4096 % 4, register.Size) switch
            {
                (0, 1) => Asm.Lbz(data, 0, GuestProgram.Scratch),
                (0, _) => Asm.Lwz(data, 0, GuestProgram.Scratch),
                (_, 1) => Asm.Stb(data, 0, GuestProgram.Scratch),
                _ => Asm.Stw(data, 0, GuestProgram.Scratch),
            });
        }
    }

    /// <summary>
    /// The interrupt controller delivers what the first timer requests, and what the UARTs do: an external or a critical input interrupt. At times one of them
    /// does at once, as it can send. Some parts reset the controller first.
    /// </summary>
    private static void AddDelivery(List<uint> code, GuestPart part, int data)
    {
        if (part.B / 8 % 3 == 0)
            Store(code, data, GlobalConfiguration, 0x8000_0000);
        Store(code, data, GlobalConfiguration, 0x2000_0000);
        Store(code, data, TaskPriority, 0);
        Store(code, data, FirstTimerVector, 0x0007_0001);
        Store(code, data, UartVector, 0x000A_0042);
        Store(code, data, UartLevel, (uint)part.B / 2 % 2);
        if (part.B / 4 % 2 == 0)
            Store(code, data, FirstUart + InterruptEnable, 2, Asm.Stb);
    }

    private static void Store(List<uint> code, int data, uint offset, uint value) => Store(code, data, offset, value, Asm.Stw);

    private static void Store(List<uint> code, int data, uint offset, uint value, Func<int, int, int, uint> instruction)
    {
        code.AddRange(Asm.Li(data, value));
        code.AddRange(Asm.Li(GuestProgram.Scratch, GuestProgram.Board + offset));
        code.Add(instruction(data, 0, GuestProgram.Scratch));
    }

    /// <summary>Data, interrupts, FIFOs, loopback. Both UARTs share a line, which external or critical input interrupts come from.</summary>
    private static Register[] Uart(uint at) =>
    [
        new(at, 1, 0x41, 0x0D, 0x00), new(at + InterruptEnable, 1, 0x01, 0x0F, 0x00), new(at + 2, 1, 0x01, 0xC1, 0x07, 0x00), new(at + 3, 1, 0x03, 0x1F, 0x83),
        new(at + 4, 1, 0x10, 0x10, 0x1B, 0x00), new(at + 5, 1, 0), new(at + 6, 1, 0), new(at + 7, 1, 0x5A), new(UartVector, 4, 0x000A_0042, 0x000A_0042, 0x800A_0042),
        new(UartDestination, 4, 1, 2, 0x4000_0001), new(UartLevel, 4, 0, 1, 2),
    ];

    /// <summary>The global timers, interprocessor interrupts, messages, and the registers of each CPU.</summary>
    private static Register[] Mpic()
    {
        var registers = new List<Register>
        {
            new(TaskPriority, 4, 0, 0, 5, 15), new(0x4_00A0, 4, 0), new(0x4_00B0, 4, 0), new(GlobalConfiguration, 4, 0x2000_0000, 0, 0x8000_0000),
            new(0x4_10F0, 4, 1_000_000), new(0x4_1740, 4, 0x0100_0000, 0x2200_0000), new(0x4_1600, 4, 0), new(0x5_1C00, 4, 0x0009_00E0, 0x8009_00E0),
        };
        for (var number = 0u; number < 4; number++)
        {
            var timer = 0x4_1100 + (0x40 * number);
            registers.AddRange([new(timer, 4, 0), new(timer + 0x10, 4, 100, 400, 1000, 0x8000_0000), new(timer + 0x20, 4, 0x0007_0001 + (number << 16), 0x8007_0001), new(timer + 0x30, 4, 1, 3)]);
            registers.AddRange([new(0x4_0040 + (0x10 * number), 4, 1, 2, 0xFF), new(0x4_10A0 + (0x10 * number), 4, 0x000C_0010 + number, 0x800C_0010)]);
        }

        return [.. registers];
    }

    /// <summary>Transfers with the clock at address 0x68, in pieces.</summary>
    private static Register[] I2c() =>
        [new(0x3000, 1, 0x20), new(0x3004, 1, 0x11), new(0x3008, 1, 0xB0, 0xF0, 0xA0, 0x80, 0x00), new(0x300C, 1, 0), new(0x3010, 1, 0xD0, 0xD1, 0x00, 0x02, 0x3F), new(0x3010, 1, 0xD0)];

    /// <summary>Command register and base address of the bridge; a window to the bus, and one from it.</summary>
    private static Register[] Pci() =>
    [
        new(0x8004, 4, 0x0700_0000, 0x0600_0000, 0) { Select = 0x8000_0004 }, new(0x8004, 4, 0x0000_0090, 0x0000_00B0, 0xFFFF_FFFF) { Select = 0x8000_0010 },
        new(0x8C20, 4, 0x0008_0000, 0x0009_0000), new(0x8C28, 4, 0x000C_0000), new(0x8C30, 4, 0x8000_001B, 0), new(0x8DB0, 4, 0xA000_0019, 0),
    ];

    /// <summary>All pins but the first, which switches off.</summary>
    private static Register[] Gpio() =>
    [
        new(0xF_F000, 4, 0x7FFF_FFFF, 0x0F0F_0F0F, 0), new(0xF_F004, 4, 1), new(0xF_F008, 4, 0x7000_0001, 0), new(0xF_F00C, 4, 0xFFFF_FFFF), new(0xF_F010, 4, 0xFFFF_FFFF),
        new(0xF_F014, 4, 0x0000_FFFF),
    ];

    /// <param name="Offset">Where it is.</param>
    /// <param name="Size">1 or 4 bytes.</param>
    /// <param name="Values">What is written.</param>
    private sealed record Register(uint Offset, int Size, params uint[] Values)
    {
        /// <summary>What the word before it must hold to select it; 0 for nothing.</summary>
        public uint Select { get; init; }
    }
}
