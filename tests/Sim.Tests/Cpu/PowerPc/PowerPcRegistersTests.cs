using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Qdev;
using Xunit;

namespace Sim.Tests;

/// <summary>The register table is what snapshots and digests see: nothing of the state may be missing.</summary>
public sealed unsafe class PowerPcRegistersTests
{
    [Fact]
    public void Every_field_of_the_state_is_listed_with_its_extent_or_derived()
    {
        foreach (FieldInfo field in typeof(PowerPcState).GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance))
        {
            bool derived = field.GetCustomAttribute<DerivedAttribute>() is not null;
            RegisterDescription[] listed =
            [.. PowerPcRegisters.All.Where(r => string.Equals(r.Name, field.Name, StringComparison.OrdinalIgnoreCase))];
            Assert.True(listed.Length == (derived ? 0 : 1), $"{field.Name} is listed {listed.Length} times, derived: {derived}.");
            if (derived)
                continue;
            Assert.Equal((int)Marshal.OffsetOf<PowerPcState>(field.Name), listed[0].Offset);
            FixedBufferAttribute? buffer = field.GetCustomAttribute<FixedBufferAttribute>();
            int size = buffer is null ? Marshal.SizeOf(field.FieldType) : buffer.Length * Marshal.SizeOf(buffer.ElementType);
            Assert.Equal(size, listed[0].Width * listed[0].Count);
        }
    }

    [Fact]
    public void The_zero_register_follows_the_general_purpose_registers() =>
        Assert.Equal(
            4 * PowerPcState.ZeroIndex,
            (int)Marshal.OffsetOf<PowerPcState>(nameof(PowerPcState.GprZero)));

    [Fact]
    public void An_op_has_32_bytes() => Assert.Equal(32, sizeof(Op));
}
