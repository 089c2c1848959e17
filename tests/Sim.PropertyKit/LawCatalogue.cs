using Sim.PropertyKit.Cpu;
using Sim.PropertyKit.Devices;
using Sim.PropertyKit.Guests;
using Sim.PropertyKit.Machines;
using Sim.PropertyKit.Memory;
using Sim.PropertyKit.Qdev;
using Sim.PropertyKit.Qom;
using Sim.PropertyKit.Scheduling;
using Sim.PropertyKit.Snapshots;

namespace Sim.PropertyKit;

/// <summary>Every named law of this kit, in the order in which a campaign tries them.</summary>
public static class LawCatalogue
{
    /// <summary>The laws.</summary>
    public static IReadOnlyList<NamedLaw> All { get; } =
    [
        .. TypeGraphLaws.All,
        .. RealizeLaws.All,
        .. FlatViewLaws.All,
        .. RegisterAccessLaws.All,
        .. RamBlockLaws.All,
        .. ExecutionLaws.All,
        .. TranslationLaws.All,
        .. SchedulerLaws.All,
        .. ScheduleTimeLaws.All,
        .. PropertyLaws.All,
        .. StateCoverageLaws.All,
        .. DeviceOperationLaws.All,
        .. EngineDeviceLaws.All,
        .. ConfigurationLaws.All,
        .. InputLaws.All,
        .. DeterminismLaws.All,
        .. StopLaws.All,
        .. ResetLaws.All,
        .. DigestLaws.All,
        .. ReplayLaws.All,
        .. GuestLaws.All,
        CpuReferenceLaw.Law,
        .. SnapshotLaws.All,
        .. CorruptionLaws.All,
        .. JournalLaws.All,
        .. MachineHistoryLaws.All,
    ];
}
