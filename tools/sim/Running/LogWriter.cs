using System.Globalization;
using Sim.Cli.CommandLine;
using Sim.Engine.Qdev;
using Sim.Engine.Session;

namespace Sim.Cli.Running;

/// <summary>
/// Writes the guest's trace: each line with virtual time, vCPU, program counter and category. Reading those changes nothing.
/// </summary>
internal sealed class LogWriter : IDisposable
{
    private readonly LogSettings settings;
    private readonly TextWriter writer;
    private Session? session;

    /// <summary>Opens the trace.</summary>
    /// <exception cref="Engine.Base.SimException">The file cannot be created.</exception>
    public LogWriter(LogSettings settings, CommandHost host)
    {
        this.settings = settings;
        writer = settings.File is { } path ? new StreamWriter(HostFile.Create("--log-file", path), bufferSize: 65536) : host.Error;
    }

    /// <summary>Traces a session from now on.</summary>
    public void Connect(Session session)
    {
        this.session = session;
        session.Machine.Log.Enable(settings.Categories, Write);
    }

    public void Dispose()
    {
        if (settings.File is not null)
            writer.Dispose();
    }

    private void Write(LogCategories category, string text)
    {
        var scheduler = session!.Scheduler;
        var running = scheduler.RunningVcpu;
        var name = LogSettings.Names.First(n => n.Value == category).Key;
        if (running < 0)
        {
            writer.Write(string.Create(CultureInfo.InvariantCulture, $"{scheduler.GlobalTime,13}ns -    -        {name}: {text}\n"));
            return;
        }

        var clock = scheduler.Clocks[running];
        var pc = clock.Vcpu.ProgramCounter;
        if (category == LogCategories.Exec && (pc < settings.First || pc > settings.Last))
            return;
        writer.Write(string.Create(CultureInfo.InvariantCulture, $"{clock.LocalTime,13}ns cpu{running} {pc:x8} {name}: {text}\n"));
    }
}
