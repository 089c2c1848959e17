using Sim.PropertyKit.Machines;
using Xunit;

namespace Sim.Tests;

/// <summary>Operations on devices of every type in real machines, beside a naive model, and assignments of all their properties.</summary>
public sealed class DeviceLawTests
{
    [Fact]
    public void Devices_of_every_type_come_and_go_as_the_model_says() => DeviceLaws.Operations.Sampled();
}
