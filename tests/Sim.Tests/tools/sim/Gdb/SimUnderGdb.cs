using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Sim.Cli.Gdb;

namespace Sim.Tests;

/// <summary>A <c>sim run</c>, <c>record</c> or <c>replay</c>, in a process of its own with a port for gdb, which the host chooses.</summary>
internal sealed class SimUnderGdb : IDisposable
{
    private const string Announcement = "target remote ";

    private readonly Process process;
    private readonly ProcessDeadline deadline;
    private readonly Task<string> output;

    /// <summary>Starts it and waits until the port is open.</summary>
    public SimUnderGdb(params string[] arguments)
    {
        string[] all = [Path.Combine(AppContext.BaseDirectory, "sim.dll"), .. arguments is ["record" or "replay", ..] ? arguments : ["run", .. arguments], "--gdb", "0"];
        process = Process.Start(new ProcessStartInfo("dotnet", all)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        deadline = new ProcessDeadline(process);
        process.StandardInput.Close();
        output = process.StandardOutput.ReadToEndAsync();
        var line = process.StandardError.ReadLine() ?? "";
        var at = line.IndexOf(Announcement, StringComparison.Ordinal);
        if (at < 0)
            throw new InvalidOperationException($"sim says: {line}{process.StandardError.ReadToEnd()}");
        Address = IPEndPoint.Parse(line[(at + Announcement.Length)..]);
    }

    /// <summary>Where gdb connects.</summary>
    public IPEndPoint Address { get; }

    /// <summary>What the guest has printed, once the run has ended.</summary>
    public string Output => output.Result;

    /// <summary>Waits for the end of the run and gives its last line, up to what depends on the host.</summary>
    public string End()
    {
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return error.TrimEnd('\n').Split('\n')[^1].Split("  ")[0];
    }

    /// <summary>The last line of the same run without a debugger.</summary>
    public static string Undisturbed(params string[] arguments) => SimCommandLine.Start("", ["run", .. arguments]).LastLine.Split("  ")[0];

    /// <summary>Runs gdb with a script that begins after the connection, and gives what it prints.</summary>
    public string Gdb(string? symbols, string script)
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, string.Create(
                CultureInfo.InvariantCulture, $"set pagination off\nset confirm off\nset width 0\ntarget remote {Address}\n{script}\n"));
            var result = HostTool.Run("gdb-multiarch", ["-batch", "-nx", "-x", file, .. symbols is null ? (string[])[] : [symbols]]);
            return result.Text + result.Error;
        }
        finally
        {
            File.Delete(file);
        }
    }

    public void Dispose()
    {
        if (!process.HasExited)
            process.Kill();
        deadline.Dispose();
        process.Dispose();
    }
}

/// <summary>A client that speaks the remote protocol byte by byte, also wrongly.</summary>
internal sealed class RawGdbClient : IDisposable
{
    private readonly Socket socket;

    public RawGdbClient(IPEndPoint address)
    {
        socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 60_000 };
        socket.Connect(address);
    }

    /// <summary>Sends bytes as they stand.</summary>
    public void Send(ReadOnlySpan<byte> bytes) => socket.Send(bytes);

    /// <summary>Sends a packet and gives the content of the one that comes back, skipping acknowledgements.</summary>
    public string Ask(string packet)
    {
        Send(PacketReader.Frame(packet));
        return Receive().Text;
    }

    /// <summary>The next thing that comes; by default the next packet.</summary>
    public GdbInput Receive(GdbInputKind kind = GdbInputKind.Packet)
    {
        var reader = new PacketReader();
        var buffer = new byte[1];
        while (socket.Receive(buffer) > 0)
        {
            if (reader.Take(buffer[0]) is { } input && input.Kind == kind)
                return input;
        }

        throw new EndOfStreamException("The simulator has closed the connection.");
    }

    /// <summary>Everything up to the end of the connection.</summary>
    public string ReadToEnd()
    {
        var text = new StringBuilder();
        var buffer = new byte[256];
        while (socket.Receive(buffer) is > 0 and var count)
            text.Append(Encoding.Latin1.GetString(buffer, 0, count));
        return text.ToString();
    }

    public void Dispose() => socket.Dispose();
}
