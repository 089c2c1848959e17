using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Sim.PropertyKit.Cpu;

/// <summary>A stopped <c>qemu-system-ppc</c> driven through its gdb port: the reference implementation as a black box.</summary>
internal sealed class QemuGdb : IDisposable
{
    readonly Process _process;
    readonly Socket _socket;
    readonly NetworkStream _stream;
    readonly string _directory;

    /// <summary>Starts a machine with <paramref name="elf"/> as its firmware, stopped at its entry.</summary>
    public QemuGdb(byte[] elf, string cpu = "e500v2", string machine = "ppce500")
    {
        _directory = Directory.CreateTempSubdirectory("sim-qemu-").FullName;
        string image = Path.Combine(_directory, "image.elf");
        string port = Path.Combine(_directory, "gdb.sock");
        File.WriteAllBytes(image, elf);
        var start = new ProcessStartInfo("qemu-system-ppc")
        {
            ArgumentList =
            {
                "-M", machine, "-cpu", cpu, "-m", "256", "-nic", "none", "-display", "none", "-monitor", "none", "-serial", "null", "-S",
                "-gdb", $"unix:{port},server=on,wait=off", "-bios", image,
            },
        };
        _process = Process.Start(start) ?? throw new InvalidOperationException("qemu-system-ppc does not start");
        _socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var limit = Stopwatch.StartNew();
        while (!_socket.Connected)
        {
            try
            {
                _socket.Connect(new UnixDomainSocketEndPoint(port));
            }
            catch (SocketException) when (limit.Elapsed < TimeSpan.FromSeconds(20) && !_process.HasExited)
            {
                Thread.Sleep(20);
            }
        }
        // A guest that never comes to its end is a failure, not a wait.
        _stream = new NetworkStream(_socket) { ReadTimeout = 120_000 };
        Ask("?");
    }

    /// <summary>Runs until the instruction at <paramref name="address"/> is next.</summary>
    public void RunTo(uint address)
    {
        BeginRunTo(address);
        EndRunTo(address);
    }

    /// <summary>Lets it run until the instruction at <paramref name="address"/> is next, and does not wait for that.</summary>
    public void BeginRunTo(uint address)
    {
        Ask("Z" + Breakpoint(address));
        Send("c");
    }

    /// <summary>Waits for the end of <see cref="BeginRunTo"/>.</summary>
    public void EndRunTo(uint address)
    {
        Receive();
        Ask("z" + Breakpoint(address));
    }

    static string Breakpoint(uint address) => string.Create(CultureInfo.InvariantCulture, $"0,{address:x},4");

    /// <summary>Executes one instruction.</summary>
    public void Step() => Ask("s");

    /// <summary>The general registers, as the port gives them (hexadecimal).</summary>
    public string Registers() => Ask("g");

    /// <summary>Reads guest memory by effective address.</summary>
    public byte[] Read(uint address, int length)
    {
        const int Chunk = 0x400;
        var bytes = new byte[length];
        for (int done = 0; done < length; done += Chunk)
        {
            int size = Math.Min(Chunk, length - done);
            string answer = Ask(string.Create(CultureInfo.InvariantCulture, $"m{address + (uint)done:x},{size:x}"));
            if (answer.Length != 2 * size)
                throw new InvalidOperationException($"the gdb port answers '{answer}' to a read of 0x{address + (uint)done:x}");
            Convert.FromHexString(answer).CopyTo(bytes, done);
        }
        return bytes;
    }

    /// <summary>Physical memory, written by the monitor to a file: quicker than packets for megabytes.</summary>
    public byte[] Save(uint address, int length)
    {
        string file = Path.Combine(_directory, "memory");
        string command = string.Create(CultureInfo.InvariantCulture, $"pmemsave 0x{address:x} 0x{length:x} \"{file}\"");
        string answer = Ask("qRcmd," + Convert.ToHexString(Encoding.ASCII.GetBytes(command)));
        while (answer.StartsWith('O') && answer != "OK")
            answer = Receive();
        return File.ReadAllBytes(file);
    }

    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    string Ask(string packet)
    {
        Send(packet);
        return Receive();
    }

    void Send(string packet)
    {
        int sum = packet.Sum(static c => c) & 0xFF;
        _stream.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"${packet}#{sum:x2}")));
    }

    string Receive()
    {
        while (ReadByte() != '$')
        {
        }
        var answer = new StringBuilder();
        for (int c = ReadByte(); c != '#'; c = ReadByte())
            answer.Append((char)c);
        ReadByte();
        ReadByte();
        _stream.WriteByte((byte)'+');
        return answer.ToString();
    }

    int ReadByte()
    {
        int b = _stream.ReadByte();
        return b >= 0 ? b : throw new EndOfStreamException("the reference implementation closed its gdb port");
    }
}
