using System.Globalization;
using System.Net;
using Sim.Engine.Base;

namespace Sim.Cli.Gdb;

/// <summary>Where gdb connects, and whether the machine waits for it.</summary>
/// <param name="Address">Address and port.</param>
/// <param name="WaitsAtStart">The first instruction is executed once the debugger says so.</param>
internal sealed record GdbSettings(IPEndPoint Address, bool WaitsAtStart)
{
    /// <summary>The port of <c>-s</c>, as QEMU's.</summary>
    public const int DefaultPort = 1234;

    /// <summary>
    /// Reads <c>PORT</c> or <c>HOST:PORT</c>, also in QEMU's form <c>tcp::PORT</c>. Without a host it is the loopback address.
    /// </summary>
    /// <exception cref="SimException">It is neither.</exception>
    public static IPEndPoint Parse(string text)
    {
        var rest = text.StartsWith("tcp:", StringComparison.Ordinal) ? text[4..] : text;
        var colon = rest.LastIndexOf(':');
        var host = colon < 0 ? "" : rest[..colon];
        var address = host is "" or "localhost" ? IPAddress.Loopback : IPAddress.TryParse(host, out var known) ? known : null;
        if (address is null || !ushort.TryParse(rest[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            throw new SimException(
                $"--gdb '{text}' is no place to listen at: expected a port from 0 to 65535, "
                + "or an IP address and a port such as 0.0.0.0:1234.");
        }

        return new IPEndPoint(address, port);
    }
}
