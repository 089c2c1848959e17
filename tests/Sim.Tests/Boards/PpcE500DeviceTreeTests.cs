using System.Text.RegularExpressions;
using Sim.Engine.Boards;
using Sim.Engine.Boards.DeviceTree;
using Xunit;
using Segment = Sim.Tests.TestImages.Segment;

namespace Sim.Tests;

public sealed partial class PpcE500DeviceTreeTests
{
    private const ulong Mebi = 1 << 20;

    private static readonly PpcE500DeviceTreeParameters Plain = new()
    {
        Board = PpcE500BoardMap.Ppce500,
        RamSize = 256 * Mebi,
        RngSeed = new byte[PpcE500DeviceTreeParameters.RngSeedSize],
    };

    private static readonly PpcE500DeviceTreeParameters WithKernel = Plain with
    {
        Kernel = new PhysicalRange(0x2000000, 0x3350c7),
        Initrd = new PhysicalRange(0x4000000, 0x189042),
        Append = "console=ttyS0 rdinit=/init",
    };

    private static string Data(string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Boards", "data", name));

    [GeneratedRegex("rng-seed = <([^>]*)>")]
    private static partial Regex RngSeedCells();

    private static void EqualsReference(string name, PpcE500DeviceTreeParameters parameters)
    {
        var expected = Data(name);
        var seed = RngSeedCells().Match(expected).Groups[1].Value.Split(' ').Select(static cell => Convert.ToUInt32(cell[2..], 16)).ToArray();
        var blob = PpcE500DeviceTree.BuildBlob(parameters with { RngSeed = DeviceTreeProperty.Cells(seed) });
        Assert.Equal(expected, DeviceTreeText.Print(DeviceTreeReader.Read(blob, name)));
    }

    [Fact]
    public void The_tree_prints_as_the_reference_with_one_CPU() => EqualsReference("fdt-smp1.dts", WithKernel);

    [Fact]
    public void The_tree_prints_as_the_reference_with_four_CPUs() => EqualsReference("fdt-smp4.dts", WithKernel with { CpuCount = 4 });

    [Fact]
    public void The_tree_prints_as_the_reference_with_another_CPU_model_and_two_UARTs() =>
        EqualsReference("fdt-e500mc-two-serials.dts", Plain with { RamSize = 512 * Mebi, SerialCount = 2, CacheLineSize = 64 });

    public static TheoryData<string, PpcE500DeviceTreeParameters> Configurations()
    {
        var data = new TheoryData<string, PpcE500DeviceTreeParameters>();
        for (var count = 1; count <= 8; count++)
            data.Add($"-smp {count}", Plain with { CpuCount = count });
        data.Add("-smp 32 -serial null -serial null -serial null", Plain with { CpuCount = 32, SerialCount = 2 });
        data.Add("-serial none", Plain with { SerialCount = 0 });
        data.Add("-m 64M", Plain with { RamSize = 64 * Mebi });
        data.Add("-m 6G", Plain with { RamSize = 6144 * Mebi });
        data.Add("-kernel KERNEL", Plain with { Kernel = new PhysicalRange(0x2000000, 5001) });
        data.Add("-kernel KERNEL -initrd INITRD", Plain with { Kernel = new PhysicalRange(0x2000000, 5001), Initrd = new PhysicalRange(0x4000000, 70_003) });
        data.Add("-kernel EMPTY -initrd EMPTY", Plain with { Kernel = new PhysicalRange(0x2000000, 0), Initrd = new PhysicalRange(0x4000000, 0) });
        data.Add("-kernel KERNEL -append a=1", Plain with { Kernel = new PhysicalRange(0x2000000, 5001), Append = "a=1" });
        data.Add("phandle-start=4096", Plain with { PhandleStart = 0x1000 });
        data.Add("dt-compatible=much-longer-than-before", Plain with { CompatibleOverride = "much-longer-than-before" });
        data.Add("dt-compatible=x", Plain with { CompatibleOverride = "x" });
        var other = Plain with { Board = PpcE500BoardMap.Mpc8544ds };
        data.Add("mpc8544ds", other);
        data.Add("mpc8544ds -smp 3 -m 1G -serial null -serial null", other with { CpuCount = 3, RamSize = 1024 * Mebi, SerialCount = 2 });
        return data;
    }

    [Theory]
    [MemberData(nameof(Configurations))]
    public void The_blob_equals_that_of_QEMU_byte_for_byte(string options, PpcE500DeviceTreeParameters parameters)
    {
        HostTool.Require("qemu-system-ppc", "qemu-system-ppc");
        var directory = Directory.CreateTempSubdirectory("sim-test-");
        try
        {
            var theirs = Dump(options, directory.FullName);
            var seed = DeviceTreeReader.Read(theirs, "QEMU").Find("/chosen")!.FindProperty("rng-seed")!.Value;
            var ours = PpcE500DeviceTree.BuildBlob(parameters with { RngSeed = seed });
            Assert.Equal(Normalise(theirs), ours);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    /// <summary>The same blob with zero where libfdt leaves what lay there before an edit: in the padding of names and values and behind the strings.</summary>
    private static byte[] Normalise(byte[] blob)
    {
        var header = new DeviceTreeProperty("header", blob.AsMemory(0, 40));
        var (structure, strings) = ((int)header.Cell(2), (int)header.Cell(3));
        var result = new byte[blob.Length];
        blob.AsSpan(0, structure).CopyTo(result);
        blob.AsSpan(strings, (int)header.Cell(8)).CopyTo(result.AsSpan(strings));
        for (var position = structure; position < strings;)
        {
            var token = blob.AsSpan(position);
            var (unpadded, padded) = token[3] switch
            {
                1 => (4 + token[4..].IndexOf((byte)0) + 1, 4 + ((token[4..].IndexOf((byte)0) + 4) & -4)),
                3 => (12 + (token[6] << 8) + token[7], 12 + (((token[6] << 8) + token[7] + 3) & -4)),
                _ => (4, 4),
            };
            token[..unpadded].CopyTo(result.AsSpan(position));
            position += padded;
        }
        return result;
    }

    /// <summary>Options that start with neither '-' nor a board's name are machine properties.</summary>
    private static byte[] Dump(string options, string directory)
    {
        string InDirectory(string name, byte[] bytes)
        {
            var path = Path.Combine(directory, name);
            File.WriteAllBytes(path, bytes);
            return path;
        }

        var firmware = InDirectory("firmware.elf", TestImages.Elf(0x1000000, new Segment(0x1000000, [0x48, 0, 0, 0], 4)));
        var blob = Path.Combine(directory, "blob.dtb");
        var words = options.Split(' ').ToList();
        var machine = "ppce500";
        if (!words[0].StartsWith('-'))
        {
            machine = words[0].Contains('=', StringComparison.Ordinal) ? $"ppce500,{words[0]}" : words[0];
            words.RemoveAt(0);
        }
        if (!words.Contains("-m"))
            words.AddRange(["-m", "256M"]);
        var arguments = words.Select(word => word switch
        {
            "KERNEL" => InDirectory("kernel", new byte[5001]),
            "INITRD" => InDirectory("initrd", new byte[70_003]),
            "EMPTY" => InDirectory("empty", []),
            _ => word,
        });
        var result = HostTool.Run("qemu-system-ppc",
            ["-M", $"{machine},dumpdtb={blob}", "-display", "none", "-nic", "none", "-bios", firmware, .. arguments]);
        Assert.True(result.ExitCode == 0, result.Error);
        return File.ReadAllBytes(blob);
    }

    [Fact]
    public void Parameters_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => PpcE500DeviceTree.Build(Plain with { CpuCount = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => PpcE500DeviceTree.Build(Plain with { SerialCount = 3 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => PpcE500DeviceTree.Build(Plain with { RngSeed = new byte[31] }));
    }
}
