using System.Buffers;
using MessagePack;
using Sim.Engine.Base;
using Sim.Engine.Qom;

namespace Sim.Engine.Qdev;

/// <summary>
/// Describes the saved state that one level of a type adds to its instances. Snapshot, reset and digest all work through it. QEMU: VMStateDescription.
/// </summary>
public abstract class StateDescription
{
    private protected StateDescription(string name, int version, Type stateType)
    {
        Name = name;
        Version = version;
        StateType = stateType;
    }

    /// <summary>Name of the section: the type level that declares it.</summary>
    public string Name { get; }

    /// <summary>Version of the section's content, from 1, raised by every change of it.</summary>
    public int Version { get; }

    /// <summary>
    /// How content of an older version becomes that of the next one: the function at index 0 makes version 2 of version 1. One for each
    /// step, so that every snapshot ever released loads.
    /// </summary>
    public IReadOnlyList<Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>> Upgrades { get; init; } = [];

    /// <summary>The class of the State object.</summary>
    public Type StateType { get; }

    /// <summary>The State object of <paramref name="owner"/>.</summary>
    public abstract object GetState(QomObject owner);

    /// <summary>Gives the owner its power-on State.</summary>
    public abstract void Reset(QomObject owner);

    /// <summary>Appends the owner's State in canonical MessagePack.</summary>
    public abstract void Write(QomObject owner, IBufferWriter<byte> writer);

    /// <summary>Content of the present version, made from content of this or an older one.</summary>
    /// <exception cref="SimException">The version is newer, or one that never was.</exception>
    public ReadOnlyMemory<byte> Upgrade(int version, ReadOnlyMemory<byte> content)
    {
        if (version < 1 || version > Version || Upgrades.Count < Version - 1)
        {
            throw new SimException(string.Create(System.Globalization.CultureInfo.InvariantCulture,
                $"State section '{Name}' has version {version}; expected 1 to {Version}."), SimErrorKind.Guest);
        }

        try
        {
            for (; version < Version; version++)
                content = Upgrades[version - 1](content);
            return content;
        }
        catch (Exception error) when (error is MessagePackSerializationException or EndOfStreamException)
        {
            throw new SimException(string.Create(System.Globalization.CultureInfo.InvariantCulture,
                $"State section '{Name}' is none of version {version}."), SimErrorKind.Guest, error);
        }
    }

    /// <summary>Replaces the owner's State.</summary>
    /// <exception cref="SimException">The bytes are no State of this kind.</exception>
    public abstract void Read(QomObject owner, ReadOnlyMemory<byte> bytes);
}

/// <summary>Makes state descriptions.</summary>
public static class StateOf
{
    private static readonly MessagePackSerializerOptions Trusted = MessagePackSerializerOptions.Standard;
    private static readonly MessagePackSerializerOptions Untrusted = Trusted.WithSecurity(MessagePackSecurity.UntrustedData);

    /// <summary>A State object in a field of the device; its initial values are the power-on values.</summary>
    /// <param name="name">Name of the section.</param>
    /// <param name="version">Version of its content.</param>
    /// <param name="field">The field.</param>
    /// <param name="upgrades">How content of older versions becomes that of the next one, see <see cref="StateDescription.Upgrades"/>.</param>
    public static StateDescription Device<TOwner, TState>(
        string name, int version, PropertyField<TOwner, TState> field, IReadOnlyList<Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>>? upgrades = null)
        where TOwner : QomObject where TState : class, new() =>
        new FieldState<TOwner, TState>(name, version, field) { Upgrades = upgrades ?? [] };

    /// <summary>State that does not live in a State object: an unmanaged register file, lines. The functions convert to and from a State object.</summary>
    /// <param name="name">Name of the section.</param>
    /// <param name="version">Version of its content.</param>
    /// <param name="get">Makes a State object of what the owner holds.</param>
    /// <param name="set">Puts a State object back into the owner.</param>
    /// <param name="reset">Gives the owner its power-on values.</param>
    /// <param name="upgrades">How content of older versions becomes that of the next one, see <see cref="StateDescription.Upgrades"/>.</param>
    public static StateDescription Converted<TOwner, TState>(
        string name, int version, Func<TOwner, TState> get, Action<TOwner, TState> set, Action<TOwner> reset,
        IReadOnlyList<Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>>? upgrades = null)
        where TOwner : QomObject where TState : class =>
        new ConvertedState<TOwner, TState>(name, version, get, set, reset) { Upgrades = upgrades ?? [] };

    internal static void Serialize<TState>(IBufferWriter<byte> writer, TState state) => MessagePackSerializer.Serialize(writer, state, Trusted);

    /// <summary>
    /// Reads exactly what <see cref="Serialize"/> writes: what is missing, added or said in another way would come out differently when written again.
    /// </summary>
    internal static TState Deserialize<TState>(string name, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            var state = MessagePackSerializer.Deserialize<TState>(bytes, Untrusted)
                ?? throw new SimException($"State section '{name}' is empty; expected a {typeof(TState).Name}.", SimErrorKind.Guest);
            if (!bytes.Span.SequenceEqual(MessagePackSerializer.Serialize(state, Trusted)))
                throw new SimException($"State section '{name}' is no {typeof(TState).Name}: it has fields missing, unknown or out of range.", SimErrorKind.Guest);
            return state;
        }
        catch (MessagePackSerializationException error)
        {
            throw new SimException($"State section '{name}' is no {typeof(TState).Name}: {(error.InnerException ?? error).Message.TrimEnd('.')}.", SimErrorKind.Guest, error);
        }
    }
}

internal sealed class FieldState<TOwner, TState>(string name, int version, PropertyField<TOwner, TState> field) : StateDescription(name, version, typeof(TState))
    where TOwner : QomObject where TState : class, new()
{
    public override object GetState(QomObject owner) => field((TOwner)owner);

    public override void Reset(QomObject owner) => field((TOwner)owner) = new TState();

    public override void Write(QomObject owner, IBufferWriter<byte> writer) => StateOf.Serialize(writer, field((TOwner)owner));

    public override void Read(QomObject owner, ReadOnlyMemory<byte> bytes) => field((TOwner)owner) = StateOf.Deserialize<TState>(Name, bytes);
}

internal sealed class ConvertedState<TOwner, TState>(string name, int version, Func<TOwner, TState> get, Action<TOwner, TState> set, Action<TOwner> reset)
    : StateDescription(name, version, typeof(TState))
    where TOwner : QomObject where TState : class
{
    public override object GetState(QomObject owner) => get((TOwner)owner);

    public override void Reset(QomObject owner) => reset((TOwner)owner);

    public override void Write(QomObject owner, IBufferWriter<byte> writer) => StateOf.Serialize(writer, get((TOwner)owner));

    public override void Read(QomObject owner, ReadOnlyMemory<byte> bytes) => set((TOwner)owner, StateOf.Deserialize<TState>(Name, bytes));
}
