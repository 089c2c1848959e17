using Xunit;

namespace Sim.Tests;

/// <summary>Proves that the harness can fail: the assertion below must throw.</summary>
public sealed class CanaryTests
{
    [Fact]
    public void A_false_assertion_fails() =>
        Assert.Throws<Xunit.Sdk.TrueException>(() => Assert.True(false));
}
