using Sim.Engine.Base;

namespace Sim.Engine.Qom;

/// <summary>Kinds of module initialisers. QEMU: module_init_type (qemu/module.h).</summary>
public enum ModuleInit
{
    /// <summary>Registration of types. QEMU: MODULE_INIT_QOM.</summary>
    Qom,
}

/// <summary>
/// The initialisers that modules hand in before main, through <see cref="System.Runtime.CompilerServices.ModuleInitializerAttribute"/>,
/// and that run when the program calls for them. QEMU: util/module.c.
/// </summary>
public static class Module
{
    private static readonly List<Action> Pending = [];

    /// <summary>Hands in a function that registers types. QEMU: type_init.</summary>
    /// <exception cref="SimException">The type table is sealed already: the types would silently not exist.</exception>
    public static void TypeInit(Action register)
    {
        lock (Pending)
        {
            if (TypeRegistry.Default.IsSealed)
                throw new SimException("A module hands in its types after the type table was sealed: load its assembly before the first machine is made (--plugin).");
            Pending.Add(register);
        }
    }

    /// <summary>
    /// Runs the functions handed in so far, in that order, then seals <see cref="TypeRegistry.Default"/>. Later calls do nothing. QEMU: module_call_init.
    /// </summary>
    /// <exception cref="SimException">A type's registration is wrong.</exception>
    public static void CallInit(ModuleInit kind)
    {
        if (kind != ModuleInit.Qom)
            throw new ArgumentOutOfRangeException(nameof(kind));
        lock (Pending)
        {
            if (TypeRegistry.Default.IsSealed)
                return;

            // By index: a function may touch a further assembly, whose modules then hand in theirs.
            for (var next = 0; next < Pending.Count; next++)
                Pending[next]();
            Pending.Clear();
            TypeRegistry.Default.Seal();
        }
    }
}
