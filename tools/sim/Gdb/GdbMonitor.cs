using System.Globalization;
using System.Text;
using Sim.Cli.Views;
using Sim.Engine.Base;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Session;

namespace Sim.Cli.Gdb;

/// <summary>
/// The commands that gdb passes on with <c>monitor</c>. They look at the machine and change nothing; QEMU's names for them work too.
/// </summary>
internal sealed class GdbMonitor(Session session)
{
    /// <summary>Commands: name, QEMU's name, what it prints.</summary>
    private static readonly (string Name, string Alias, string Summary)[] commands =
    [
        ("cpus", "info cpus", "CPUs, where they stand and what they have executed"),
        ("digest", "", "digest of the machine's state, time and instruction counts"),
        ("help", "info", "this list"),
        ("mtree", "info mtree", "memory map; 'mtree -f' flattened"),
        ("qtree", "info qtree", "buses and devices"),
        ("registers", "info registers", "registers of the current thread's CPU; 'registers -a' of all"),
        ("tlb", "info tlb", "valid TLB entries of the current thread's CPU"),
        ("tree", "info qom-tree", "object tree; 'tree PATH' from an object on"),
    ];

    /// <summary>Runs a command for a CPU and gives what it prints.</summary>
    public string Run(string line, int vcpu)
    {
        var words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (words is ["info", var topic, ..])
        {
            var found = commands.FirstOrDefault(command => command.Alias == $"info {topic}");
            words = [found.Name ?? $"info {topic}", .. words[2..]];
        }

        var cpu = session.Debugger.Cpus[vcpu];
        return words switch
        {
            [] or ["help"] or ["info"] => Help(),
            ["cpus"] => Cpus(),
            ["digest"] => Digest(),
            ["mtree"] => MemoryTree.Text(session.Machine),
            ["mtree", "-f"] => MemoryTree.FlatText(session.Machine),
            ["qtree"] => QdevTree.Text(session.Machine.SystemBus),
            ["registers"] => RegisterTable.Text(cpu),
            ["registers", "-a"] => string.Join('\n', session.Debugger.Cpus.Select(RegisterTable.Text)),
            ["tlb"] => TlbTable.Text(cpu),
            ["tree"] => Tree("/machine"),
            ["tree", var path] => Tree(path),
            _ => Unknown(words),
        };
    }

    private static string Unknown(string[] words)
    {
        var known = commands.FirstOrDefault(command => command.Name == words[0]);
        return known.Name is null
            ? $"Unknown command '{words[0]}'.{Nearest.Hint(words[0], commands.Select(static command => command.Name))}"
                + " 'monitor help' lists all.\n"
            : $"'{string.Join(' ', words)}' is not possible; {known.Name} prints: {known.Summary}.\n";
    }

    private static string Help()
    {
        var text = new StringBuilder();
        foreach (var (name, alias, summary) in commands)
            text.Append(CultureInfo.InvariantCulture, $"{name,-11}{alias,-16}{summary}\n");
        return text.ToString();
    }

    private string Tree(string path) => session.Machine.Root.ResolvePath(path) is { } top
        ? ObjectTree.Text(top, false)
        : $"The machine has no object '{path}'; 'tree /' shows all.\n";

    private string Cpus()
    {
        var text = new StringBuilder();
        foreach (var cpu in session.Debugger.Cpus)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"CPU #{cpu.CpuIndex}: pc 0x{cpu.Pc:x8} icount {cpu.Clock!.Instructions} {GdbStub.RunState(cpu)}\n");
        }

        return text.ToString();
    }

    private string Digest()
    {
        var scheduler = session.Scheduler;
        var counts = string.Join(',', scheduler.Clocks.Select(static clock => clock.Instructions.ToString(CultureInfo.InvariantCulture)));
        return string.Create(
            CultureInfo.InvariantCulture, $"time={scheduler.ReachedTime}ns icount={counts} digest={session.Digest():x32}\n");
    }
}
