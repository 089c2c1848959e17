using MessagePack;

namespace Sim.Snapshots;

/// <summary>
/// The names and limits of the snapshot format; <c>snapshots/FORMAT.md</c> describes it for readers in other languages.
/// </summary>
public static class SnapshotFormat
{
    /// <summary>First element of a snapshot file.</summary>
    public const string Magic = "simsnap";

    /// <summary>Version of the container; a reader refuses newer ones.</summary>
    public const int Version = 1;

    /// <summary>Bytes of a page of content.</summary>
    public const int PageSize = 4096;

    /// <summary>Pages of content in a record at most.</summary>
    public const int PagesPerRecord = 64;

    /// <summary>Bytes of a record's body at most.</summary>
    public const int MaxBody = 64 << 20;

    /// <summary>Bytes of an image at most.</summary>
    public const int MaxImage = 1 << 30;

    /// <summary>Kinds of records, in the order in which they stand in the file; sections and pages repeat.</summary>
    internal const string Header = "header", Section = "section", Input = "input", Pages = "pages", End = "end";
}

/// <summary>Body of the record <c>header</c>: what was saved, when, and where each page of content belongs.</summary>
[MessagePackObject]
public sealed class SnapshotHeader
{
    /// <summary>What the machine was built from.</summary>
    [Key(0)] public ConfigurationRecord Configuration = new();

    /// <summary>Virtual time that the machine has reached, ns.</summary>
    [Key(1)] public long Time;

    /// <summary>Instructions executed, by vCPU.</summary>
    [Key(2)] public long[] Instructions = [];

    /// <summary>Digest of the machine's state, 16 bytes, most significant first.</summary>
    [Key(3)] public byte[] Digest = [];

    /// <summary>The files that the machine starts from, which a reset reads again.</summary>
    [Key(4)] public ImageRecord[] Images = [];

    /// <summary>RAM, block by block.</summary>
    [Key(5)] public RamRecord[] Ram = [];

    /// <summary>Number of records <c>section</c>.</summary>
    [Key(6)] public int Sections;

    /// <summary>Pages of content in the records <c>pages</c> together.</summary>
    [Key(7)] public long Contents;
}

/// <summary>A machine configuration; see the options of <c>sim run</c> for what each means.</summary>
[MessagePackObject]
public sealed class ConfigurationRecord
{
    /// <summary>Machine type.</summary>
    [Key(0)] public string Machine = "";

    /// <summary>Machine properties, in order.</summary>
    [Key(1)] public NamedValue[] MachineProperties = [];

    /// <summary>CPU model; null for the machine's default.</summary>
    [Key(2)] public string? Cpu;

    /// <summary>Number of CPUs.</summary>
    [Key(3)] public int Smp;

    /// <summary>RAM in bytes; null for the machine's default.</summary>
    [Key(4)] public ulong? Memory;

    /// <summary>Kernel command line.</summary>
    [Key(5)] public string Append = "";

    /// <summary>Devices that the user adds.</summary>
    [Key(6)] public DeviceRecord[] Devices = [];

    /// <summary>Values for every new object of a type: the type, the property, the value.</summary>
    [Key(7)] public string[][] Globals = [];

    /// <summary>Number of serial ports with a backend.</summary>
    [Key(8)] public int Serials;

    /// <summary>Schedule policy, as on the command line.</summary>
    [Key(9)] public string Schedule = "";

    /// <summary>Quantum, ns.</summary>
    [Key(10)] public long Quantum;

    /// <summary>log2 of the nanoseconds of an instruction.</summary>
    [Key(11)] public int Shift;

    /// <summary>Seed of the values that the machine gives the guest.</summary>
    [Key(12)] public ulong Seed;

    /// <summary>Real-time clock at power-on, seconds since 1970-01-01 UTC.</summary>
    [Key(13)] public long RtcBase;
}

/// <summary>A name and a value, both text.</summary>
[MessagePackObject]
public sealed class NamedValue
{
    /// <summary>The name.</summary>
    [Key(0)] public string Name = "";

    /// <summary>The value.</summary>
    [Key(1)] public string Value = "";
}

/// <summary>A device that the user adds.</summary>
[MessagePackObject]
public sealed class DeviceRecord
{
    /// <summary>Name of the type.</summary>
    [Key(0)] public string Type = "";

    /// <summary>Properties, in order.</summary>
    [Key(1)] public NamedValue[] Properties = [];
}

/// <summary>A file that the machine starts from.</summary>
[MessagePackObject]
public sealed class ImageRecord
{
    /// <summary>What it is for: <c>bios</c>, <c>kernel</c>, <c>initrd</c> or <c>dtb</c>.</summary>
    [Key(0)] public string Role = "";

    /// <summary>Name as the user gave it.</summary>
    [Key(1)] public string Name = "";

    /// <summary>Length in bytes.</summary>
    [Key(2)] public long Length;

    /// <summary>SHA-256 of the content.</summary>
    [Key(3)] public byte[] Sha256 = [];

    /// <summary>True when the content is in the snapshot.</summary>
    [Key(4)] public bool Embedded;

    /// <summary>Where its pages are, as in <see cref="RamRecord.Runs"/>; the last page is filled up with zeros.</summary>
    [Key(5)] public long[] Runs = [];
}

/// <summary>A block of RAM.</summary>
[MessagePackObject]
public sealed class RamRecord
{
    /// <summary>Name of the block.</summary>
    [Key(0)] public string Name = "";

    /// <summary>Size in bytes.</summary>
    [Key(1)] public ulong Size;

    /// <summary>
    /// Runs of pages, three numbers each: first page, number of pages, and index of the first one's content; the others' contents follow
    /// it. In order of pages; a page in no run is all zero. Pages of equal content share one.
    /// </summary>
    [Key(2)] public long[] Runs = [];

    /// <summary>The pages that are not all zero, each with the index of its content.</summary>
    public SortedDictionary<long, long> Contents()
    {
        var contents = new SortedDictionary<long, long>();
        for (var run = 0; run + 2 < Runs.Length; run += 3)
        {
            for (var i = 0L; i < Runs[run + 1]; i++)
                contents.Add(Runs[run] + i, Runs[run + 2] + i);
        }

        return contents;
    }
}

/// <summary>Body of a record <c>section</c>: state of one type level of one object.</summary>
[MessagePackObject]
public sealed class SectionRecord
{
    /// <summary>Canonical path of the object.</summary>
    [Key(0)] public string Path = "";

    /// <summary>Name of the type level.</summary>
    [Key(1)] public string Type = "";

    /// <summary>Version of the content.</summary>
    [Key(2)] public int Version;

    /// <summary>The content, MessagePack.</summary>
    [Key(3)] public byte[] State = [];
}

/// <summary>Body of the record <c>input</c>: what waits outside of the machine.</summary>
[MessagePackObject]
public sealed class InputRecord
{
    /// <summary>Inputs that enter at the next frame boundary, in order.</summary>
    [Key(0)] public WaitingInput[] Waiting = [];

    /// <summary>The script that goes on; null for none.</summary>
    [Key(1)] public ScriptRecord? Script;
}

/// <summary>An input that waits.</summary>
[MessagePackObject]
public sealed class WaitingInput
{
    /// <summary>Index of the serial port.</summary>
    [Key(0)] public int Serial;

    /// <summary>The bytes.</summary>
    [Key(1)] public byte[] Bytes = [];
}

/// <summary>A script under way.</summary>
[MessagePackObject]
public sealed class ScriptRecord
{
    /// <summary>Name of its file.</summary>
    [Key(0)] public string Name = "";

    /// <summary>The lines that are still to be done.</summary>
    [Key(1)] public ScriptLine[] Lines = [];

    /// <summary>Bytes of the first line's text that the console has just printed.</summary>
    [Key(2)] public int Matched;
}

/// <summary>A line of a script.</summary>
[MessagePackObject]
public sealed class ScriptLine
{
    /// <summary>Its number in the file, from 1.</summary>
    [Key(0)] public int Number;

    /// <summary><c>expect</c>, <c>send</c>, <c>save</c> or <c>quit</c>.</summary>
    [Key(1)] public string Action = "";

    /// <summary>The text as it stands in the file.</summary>
    [Key(2)] public string Text = "";
}
