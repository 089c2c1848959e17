using System.Runtime.CompilerServices;
using MessagePack;
using Sim.Engine.Base;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.Engine.Devices.Char;

/// <summary>A device's side of a character device: it takes what the outside sends. QEMU: CharBackend and its handlers.</summary>
public interface ICharFrontend
{
    /// <summary>Bytes that it takes now without losing any. QEMU: IOCanReadHandler.</summary>
    int Room { get; }

    /// <summary>Takes one byte. QEMU: IOReadHandler.</summary>
    void Receive(byte value);

    /// <summary>Takes a break condition of the line. QEMU: CHR_EVENT_BREAK.</summary>
    void ReceiveBreak();
}

/// <summary>The bytes that came in and that nobody has taken yet.</summary>
[MessagePackObject]
public sealed class ChardevState
{
    /// <summary>Bytes in order of arrival.</summary>
    [Key(0)] public byte[] Input = [];
}

/// <summary>
/// A character device: the line between a UART and whoever is outside of the machine. What the guest writes leaves through <see
/// cref="Output"/> at once; what is
/// sent in waits as saved state until the device has room, so that no byte is lost. Made below <c>/chardevs</c>; a device names it in its
/// property <c>chardev</c>. QEMU: chardev/char.c.
/// </summary>
public sealed class Chardev : QomObject, IStateful
{
    /// <summary>Name of the type. QEMU: TYPE_CHARDEV, of which it derives one type per kind of host end.</summary>
    public new const string TypeName = "chardev";

    private static readonly StateDescription Saved = StateOf.Converted<Chardev, ChardevState>(
        TypeName,
        version: 1,
        static c => new ChardevState { Input = c.input[c.next..] },
        static (c, saved) => c.Restore(saved),
        static c => c.Restore(new ChardevState()));

    [Wiring] private ICharFrontend? frontend;
    [Derived("True while bytes are handed over, which may ask for more.")] private bool delivering;

    /// <summary>What was sent in; the bytes before <see cref="next"/> are taken already and go at the next compaction.</summary>
    private byte[] input = [];
    private int next;

    /// <summary>Raised for every byte that the guest writes, within the instruction that writes it.</summary>
    public event Action<byte>? Output;

    /// <inheritdoc/>
    public IReadOnlyList<StateDescription> StateDescriptions { get; } = [Saved];

    /// <summary>Number of bytes that were sent in and are not taken yet.</summary>
    public int Waiting => input.Length - next;

    /// <summary>True when a device has this character device.</summary>
    public bool IsAttached => frontend is not null;

    [ModuleInitializer]
    internal static new void RegisterTypes() => Module.TypeInit(static () => TypeRegistry.Register(new()
    {
        Name = TypeName,
        Parent = QomObject.TypeName,
        New = static () => new Chardev(),
    }));

    /// <summary>Makes a character device as <c>/chardevs/ID</c>. QEMU: qemu_chr_new.</summary>
    /// <exception cref="SimException">There is one of that name.</exception>
    public static Chardev Create(QomRoot root, string id)
    {
        ArgumentNullException.ThrowIfNull(root);
        return root.GetContainer("/chardevs").NewChild<Chardev>(id, TypeName);
    }

    /// <summary>The character device of that name. QEMU: qemu_chr_find.</summary>
    /// <exception cref="SimException">There is none.</exception>
    public static Chardev Find(QomObject user, string id)
    {
        ArgumentNullException.ThrowIfNull(user);
        var container = user.Root.Object.FindChild("chardevs");
        if (container?.FindChild(id) is Chardev found)
            return found;
        var hint = Nearest.Hint(id, container?.Children.Select(static c => c.NameInParent) ?? []);
        throw new SimException($"Property '{user.Class.Type.Name}.chardev' cannot be '{id}': there is no such character device.{hint}");
    }

    /// <summary>Gives the character device to a device, for as long as that is realized. QEMU: qemu_chr_fe_init.</summary>
    /// <exception cref="SimException">Another device has it.</exception>
    public void Attach(ICharFrontend device)
    {
        if (frontend is not null)
            throw new SimException($"Character device '{NameInParent}' is in use already.");
        frontend = device;
        Root.Undo.Add(() => frontend = null);
    }

    /// <summary>Sends bytes in. Call it between frames, where inputs enter. QEMU: qemu_chr_be_write.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        var joined = new byte[Waiting + bytes.Length];
        input.AsSpan(next).CopyTo(joined);
        bytes.CopyTo(joined.AsSpan(Waiting));
        input = joined;
        next = 0;
        Deliver();
    }

    /// <summary>Sends a break condition in. Call it between frames. QEMU: qemu_chr_be_event with CHR_EVENT_BREAK.</summary>
    public void SendBreak() => frontend?.ReceiveBreak();

    /// <summary>The guest writes a byte. QEMU: qemu_chr_fe_write_all.</summary>
    public void Write(byte value) => Output?.Invoke(value);

    /// <summary>
    /// Hands waiting bytes over while the device has room; it calls this when room has come. QEMU: qemu_chr_fe_accept_input.
    /// </summary>
    public void Deliver()
    {
        if (delivering || frontend is null || Waiting == 0)
            return;
        delivering = true;
        while (Waiting > 0 && frontend.Room > 0)
            frontend.Receive(input[next++]);
        delivering = false;
        if (next > 256 && next >= input.Length / 2)
        {
            input = input[next..];
            next = 0;
        }
    }

    private void Restore(ChardevState saved)
    {
        LoadedState.Require(this, saved.Input is not null, "the waiting input is missing");
        input = saved.Input!;
        next = 0;
    }
}
