using Sim.PropertyKit;
using Sim.PropertyKit.Devices;
using Xunit;

namespace MyDevices;

public sealed class MyDeviceTests
{
    [Fact]
    public void It_keeps_all_laws_of_devices() => DeviceLaws.Check<MyDevice>();

    [Fact]
    public void It_interrupts_after_its_delay_until_it_is_acknowledged()
    {
        using var bench = DeviceBench.Of<MyDevice>(("frequency", "1000"));
        bench.Write(MyDevice.Delay, 5);
        bench.Advance(4_999_999);
        Assert.False(bench.Outputs[0]);
        bench.Advance(1);
        Assert.True(bench.Outputs[0]);
        bench.Write(MyDevice.Expired, 0);
        Assert.False(bench.Outputs[0]);
    }
}
