using System.Globalization;
using System.Reflection;
using MessagePack;

namespace Sim.Tests;

/// <summary>A single value somewhere in a State object, and ways to give it another one.</summary>
/// <param name="Path">Fields and indices that lead to it.</param>
/// <param name="Value">Its value.</param>
/// <param name="Set">Sets it, in the object that was walked.</param>
internal sealed record StateLeaf(string Path, object Value, Action<object> Set)
{
    /// <summary>Other values, nearest first: with one bit flipped, one higher, one lower.</summary>
    public IEnumerable<object> OtherValues() => Value switch
    {
        bool flag => [!flag],
        string => [],
        Enum named => Enum.GetValues(named.GetType()).Cast<object>().Where(other => !other.Equals(named)),
        _ => Numbers().Select(number => Wrapped(number, Value.GetType())).Distinct().Where(other => !other.Equals(Value)),
    };

    private IEnumerable<Int128> Numbers()
    {
        var number = Value is ulong large ? (Int128)large : (Int128)Convert.ToInt64(Value, CultureInfo.InvariantCulture);
        var bits = 8 * System.Runtime.InteropServices.Marshal.SizeOf(Value.GetType());
        return [number ^ 1, number ^ ((Int128)1 << (bits - 2)), number + 1, number - 1];
    }

    private static object Wrapped(Int128 number, Type type) => unchecked(Type.GetTypeCode(type) switch
    {
        TypeCode.Byte => (byte)number,
        TypeCode.SByte => (sbyte)number,
        TypeCode.Int16 => (short)number,
        TypeCode.UInt16 => (ushort)number,
        TypeCode.Int32 => (int)number,
        TypeCode.UInt32 => (uint)number,
        TypeCode.Int64 => (long)number,
        TypeCode.UInt64 => (object)(ulong)number,
        _ => throw new NotSupportedException($"A State holds a {type.Name}; tell the tests how to change one."),
    });
}

/// <summary>Finds every value in a State object: its [Key] fields and properties, into arrays and objects.</summary>
internal static class StateLeaves
{
    /// <summary>All values below <paramref name="state"/>.</summary>
    public static IEnumerable<StateLeaf> Of(object state, string path = "")
    {
        foreach (var field in state.GetType().GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance).Where(IsKept))
        {
            foreach (var leaf in Values(field.GetValue(state)!, path + field.Name, value => field.SetValue(state, value)))
                yield return leaf;
        }

        foreach (var property in state.GetType().GetProperties().Where(IsKept))
        {
            foreach (var leaf in Values(property.GetValue(state)!, path + property.Name, value => property.SetValue(state, value)))
                yield return leaf;
        }
    }

    private static bool IsKept(MemberInfo member) => member.GetCustomAttribute<KeyAttribute>() is not null;

    private static IEnumerable<StateLeaf> Values(object value, string path, Action<object> set)
    {
        if (value is Array array)
        {
            for (var index = 0; index < array.Length; index++)
            {
                var at = index;
                var name = FormattableString.Invariant($"{path}[{at}]");
                foreach (var leaf in Values(array.GetValue(at)!, name, element => array.SetValue(element, at)))
                    yield return leaf;
            }

            yield break;
        }

        if (value is string || value.GetType().IsPrimitive || value is Enum)
        {
            yield return new StateLeaf(path, value, set);
            yield break;
        }

        // A struct is walked as a boxed copy, which is put back as a whole.
        foreach (var leaf in Of(value, path + "."))
        {
            yield return value.GetType().IsValueType
                ? leaf with
                {
                    Set = changed =>
                    {
                        leaf.Set(changed);
                        set(value);
                    },
                }
                : leaf;
        }
    }
}
