namespace Sim.Engine.Base;

/// <summary>
/// Sees the instantiation flow as it really runs: class_init, instance_init, property sets, realize, AddVcpu, nested as they call
/// each other. <c>sim trace</c> prints it; the engine pays one null check per step.
/// </summary>
public interface IFlowObserver
{
    /// <summary>A step begins. Its steps inside follow until the matching <see cref="Leave"/>.</summary>
    /// <param name="step">Name of the step, in QEMU's words, such as <c>class_init</c>.</param>
    /// <param name="subject">Type name or canonical path that it is about.</param>
    /// <param name="detail">What else is known (a property's value), or an empty string.</param>
    void Enter(string step, string subject, string detail);

    /// <summary>The innermost open step has ended; <paramref name="failed"/> when an exception ended it.</summary>
    void Leave(bool failed);
}

/// <summary>Brackets a step so that its end is seen even when it throws.</summary>
public static class FlowObserverExtensions
{
    /// <summary>Runs <paramref name="body"/> as one step.</summary>
    public static void Step(this IFlowObserver? observer, string step, string subject, string detail, Action body)
    {
        ArgumentNullException.ThrowIfNull(body);
        if (observer is null)
        {
            body();
            return;
        }

        var failed = true;
        observer.Enter(step, subject, detail);
        try
        {
            body();
            failed = false;
        }
        finally
        {
            observer.Leave(failed);
        }
    }
}
