using Sim.Engine.Base;

namespace Sim.Cli.Running;

/// <summary>
/// Shows a machine being built, from the hooks of the realize flow: each device as it comes to life, below the one that makes it, and each
/// vCPU as it joins the schedule.
/// </summary>
internal sealed class BuildDisplay(TextWriter writer) : IFlowObserver
{
    private const int PathColumn = 34;

    private readonly Stack<string> open = new();
    private int realizing;

    public void Enter(string step, string subject, string detail)
    {
        open.Push(step);
        if (step == "realize")
            Show(realizing++, subject, detail);
        else if (step == "AddVcpu")
            Show(realizing, subject, "");
    }

    public void Leave(bool failed)
    {
        if (open.Pop() == "realize")
            realizing--;
    }

    private void Show(int depth, string name, string what) =>
        writer.Write($"  {new string(' ', 2 * depth)}{name.PadRight(Math.Max(1, PathColumn - 2 * depth))}{what}".TrimEnd() + "\n");
}
