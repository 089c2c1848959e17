using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using MessagePack;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.Engine.Boards;

/// <summary>Saved state of the spin table.</summary>
[MessagePackObject]
public sealed class E500SpinState
{
    /// <summary>The table: 32 bytes per CPU, big-endian.</summary>
    [Key(0)] public byte[] Table = PowerOnTable();

    /// <summary>Every entry says: address 1 (do not run), processor its index. ePAPR 1.1, 5.5.2.</summary>
    private static byte[] PowerOnTable()
    {
        var table = new byte[E500Spin.Size];
        for (var cpu = 0; cpu < E500Spin.MaxCpus; cpu++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(table.AsSpan(cpu * E500Spin.EntrySize), 1);
            BinaryPrimitives.WriteUInt32BigEndian(table.AsSpan(cpu * E500Spin.EntrySize + 20), (uint)cpu);
        }

        return table;
    }
}

/// <summary>
/// The spin table in which secondary CPUs are held until the boot CPU writes them an address. Entry: address (8 bytes), r3 (8), reserved (4), PIR (4). QEMU: hw/ppc/ppce500_spin.c; ePAPR 1.1, 5.5.2.
/// </summary>
public sealed class E500Spin : SysBusDevice
{
    /// <summary>Name of the type. QEMU: TYPE_E500_SPIN.</summary>
    public new const string TypeName = "e500-spin";

    /// <summary>Entries of the table.</summary>
    public const int MaxCpus = 32;

    /// <summary>Bytes per entry.</summary>
    public const int EntrySize = 32;

    /// <summary>Bytes of the table.</summary>
    public const int Size = MaxCpus * EntrySize;

    /// <summary>What a snapshot keeps.</summary>
    public E500SpinState State = new();

    /// <summary>Releases a CPU: its index, its entry's address and r3, and who wrote the entry. Returns the CPU's PIR, which the entry shows from then on.</summary>
    [Wiring] public Func<int, ulong, ulong, BusInitiator?, uint?>? Release { get; set; }

    [ModuleInitializer]
    internal static new void RegisterTypes() => Module.TypeInit(static () => TypeRegistry.Register(new()
    {
        Name = TypeName,
        Parent = SysBusDevice.TypeName,
        New = static () => new E500Spin(),
        InstanceInit = static o => ((E500Spin)o).Init(),
        ClassInit = static (klass, _) =>
        {
            var dc = (DeviceClass)klass;
            dc.State = StateOf.Device(TypeName, version: 1, static (E500Spin s) => ref s.State);
            dc.PostLoad = static d => LoadedState.Require(d, ((E500Spin)d).State.Table?.Length == Size, "the table has 1024 bytes");
        },
    }));

    private void Init() => InitMmio(MemoryRegion.NewIo(this, new MemoryRegionOps
    {
        Read = Read,
        Write = Write,
        Peek = Read,
        MaxValidSize = 8,
        MaxImplementedSize = 4,
        AcceptsUnaligned = false,
    }, "e500 spin pv device", Size));

    private ulong Read(ulong offset, int size, BusInitiator? initiator)
    {
        var value = 0UL;
        foreach (var octet in State.Table.AsSpan((int)offset, size))
            value = value << 8 | octet;
        return value;
    }

    private void Write(ulong offset, ulong value, int size, BusInitiator? initiator)
    {
        for (var i = size - 1; i >= 0; i--, value >>= 8)
            State.Table[(int)offset + i] = (byte)value;
        var cpu = (int)offset / EntrySize;
        var entry = State.Table.AsSpan(cpu * EntrySize, EntrySize);
        var address = BinaryPrimitives.ReadUInt64BigEndian(entry);
        if ((address & 1) == 0 && Release?.Invoke(cpu, address, BinaryPrimitives.ReadUInt64BigEndian(entry[8..]), initiator) is { } pir)
            BinaryPrimitives.WriteUInt32BigEndian(entry[20..], pir);
    }
}
