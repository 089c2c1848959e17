using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Snapshots;

namespace Sim.Bench;

/// <summary>
/// A machine in QEMU that has got to the moment where it is measured and stands still there, with a qcow2 file for snapshots. It is told
/// what to do through QEMU's machine protocol (QMP) on a socket.
/// </summary>
internal sealed class QemuMachine : IDisposable
{
    private const string Node = "snapshots", File = "file", Name = "measured";

    private readonly Process process;
    private readonly Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly StreamReader replies;

    /// <summary>Starts a machine, lets it run to its prompt and stops it.</summary>
    /// <param name="configuration">The machine, of 256 MiB: its images and command line count.</param>
    /// <param name="prompt">What its console prints last before it is stopped; null to stop it before its first instruction.</param>
    /// <param name="folder">An empty folder for the files that it needs.</param>
    /// <exception cref="SimException">QEMU ended before the prompt, or refused a command.</exception>
    public QemuMachine(MachineConfiguration configuration, string? prompt, string folder)
    {
        var path = Path.Combine(folder, "qmp");
        process = Process.Start(new ProcessStartInfo(QemuReference.BootCommand[0],
            [
                .. QemuReference.BootCommand.Skip(1), "-S", "-qmp", $"unix:{path},server=on,wait=off",
                "-M", "ppce500", "-m", "256", .. Images(configuration, folder),
            ])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        }) ?? throw new InvalidOperationException($"{QemuReference.Program} did not start.");
        try
        {
            Connect(path);
            replies = new StreamReader(new NetworkStream(socket));
            replies.ReadLine();   // QEMU's greeting.
            Execute("qmp_capabilities", []);
            if (prompt is not null)
            {
                Execute("cont", []);
                WaitFor(prompt);
                Execute("stop", []);
            }

            AddSnapshotFile(Path.Combine(folder, "qemu.qcow2"));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Saves the machine in the file; no snapshot is there yet.</summary>
    public void Save() => Monitor($"savevm {Name}");

    /// <summary>Removes the snapshot.</summary>
    public void Delete() => Monitor($"delvm {Name}");

    /// <summary>Takes the machine back to the snapshot.</summary>
    public void Load() => Monitor($"loadvm {Name}");

    /// <summary>Size of the snapshot in bytes.</summary>
    public long SnapshotSize()
    {
        var node = Execute("query-named-block-nodes", []).AsArray().Single(static node => (string?)node!["node-name"] == Node);
        return (long)node!["image"]!["snapshots"]![0]!["vm-state-size"]!;
    }

    /// <summary>Ends the machine.</summary>
    public void Dispose()
    {
        socket.Dispose();
        process.Kill();
        process.WaitForExit();
        process.Dispose();
    }

    /// <summary>The images as files, under the names of QEMU's options.</summary>
    private static List<string> Images(MachineConfiguration configuration, string folder)
    {
        var arguments = new List<string>();
        foreach (var (role, image) in ConfigurationCodec.Images(configuration))
        {
            var path = Path.Combine(folder, role);
            System.IO.File.WriteAllBytes(path, image.Bytes.Span);
            arguments.AddRange([$"-{role}", path]);
        }

        return configuration.Append.Length > 0 ? [.. arguments, "-append", configuration.Append] : arguments;
    }

    /// <summary>Connects as soon as QEMU has made its socket.</summary>
    private void Connect(string path)
    {
        while (!process.HasExited)
        {
            try
            {
                socket.Connect(new UnixDomainSocketEndPoint(path));
                return;
            }
            catch (SocketException)
            {
                Thread.Sleep(1);
            }
        }

        throw Ended();
    }

    /// <summary>Reads the console to the prompt; what follows is read and dropped, so that QEMU never waits for a reader.</summary>
    private void WaitFor(string prompt)
    {
        var output = process.StandardOutput.BaseStream;
        var console = new StringBuilder();
        var buffer = new byte[1 << 14];
        while (!console.ToString().Contains(prompt, StringComparison.Ordinal))
        {
            var count = output.Read(buffer);
            if (count == 0)
                throw Ended();
            console.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }

        _ = output.CopyToAsync(Stream.Null);
    }

    /// <summary>Makes an empty qcow2 file and gives it to the machine, as a drive that no device has.</summary>
    private void AddSnapshotFile(string path)
    {
        System.IO.File.WriteAllBytes(path, []);
        Execute("blockdev-add", new() { ["driver"] = "file", ["node-name"] = File, ["filename"] = path });
        Execute("blockdev-create", new()
        {
            ["job-id"] = "create",
            ["options"] = new JsonObject { ["driver"] = "qcow2", ["file"] = File, ["size"] = 0 },
        });
        while ((string?)Execute("query-jobs", [])[0]!["status"] != "concluded")
            Thread.Yield();
        Execute("job-dismiss", new() { ["id"] = "create" });
        Execute("blockdev-add", new() { ["driver"] = "qcow2", ["node-name"] = Node, ["file"] = File });
    }

    /// <summary>Runs a command of the human monitor, which says nothing when all went well.</summary>
    private void Monitor(string command)
    {
        if ((string?)Execute("human-monitor-command", new() { ["command-line"] = command }) is { Length: > 0 } answer)
            throw new SimException($"{QemuReference.Program} refused '{command}': {answer.Trim()}", SimErrorKind.Guest);
    }

    private JsonNode Execute(string command, JsonObject arguments)
    {
        socket.Send(Encoding.UTF8.GetBytes(new JsonObject { ["execute"] = command, ["arguments"] = arguments }.ToJsonString() + "\n"));
        while (replies.ReadLine() is { } line)
        {
            var reply = JsonNode.Parse(line)!;
            if (reply["error"] is { } error)
                throw new SimException($"{QemuReference.Program} refused '{command}': {(string?)error["desc"]}", SimErrorKind.Guest);
            if (reply["return"] is { } value)
                return value;   // Other lines tell of events.
        }

        throw Ended();
    }

    private SimException Ended() => new($"{QemuReference.Program} ended: {process.StandardError.ReadToEnd().Trim()}", SimErrorKind.Guest);
}
