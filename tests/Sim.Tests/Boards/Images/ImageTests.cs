using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Sim.Engine.Base;
using Sim.Engine.Boards.Images;
using Xunit;
using Segment = Sim.Tests.TestImages.Segment;

namespace Sim.Tests;

public sealed class ImageTests
{
    private static readonly byte[] Code = [.. Enumerable.Range(0, 256).Select(static i => (byte)i)];
    private static readonly byte[] GoodElf = TestImages.Elf(0x1000010, new Segment(0x1000000, Code, 0x1000), new Segment(0x1800000, Code, 0x200));
    private static readonly byte[] GoodUImage = TestImages.UImage(Code, 0x400000, 0x400010);
    private static readonly byte[] GoodGzip = TestImages.UImage(TestImages.Gzip(Code), 0x400000, 0x400010, compression: 1);

    private static string Refused(byte[] bytes)
    {
        var exception = Assert.Throws<SimException>(() => LoadedImage.Bootable(TestImages.File(bytes)));
        Assert.Equal(SimErrorKind.Guest, exception.Kind);
        Assert.StartsWith("test.img: ", exception.Message, StringComparison.Ordinal);
        Assert.EndsWith(".", exception.Message, StringComparison.Ordinal);
        return exception.Message;
    }

    [Fact]
    public void An_ELF_file_gives_its_segments_with_zero_fill_and_its_entry()
    {
        var image = LoadedImage.Bootable(TestImages.File(GoodElf));
        Assert.Equal(0x1000010u, image.Entry);
        Assert.Equal([(0x1000000, 0x1000), (0x1800000, 0x200)], image.Segments.Select(static s => (s.Address, s.Size)));
        Assert.All(image.Segments, static s => Assert.Equal(Code, s.Data.ToArray()));
        Assert.Equal(0x1000000u, image.LoadAddress);
        // As QEMU reckons: the gap between the segments does not count.
        Assert.Equal(0x1200u, image.Size);
        Assert.Equal(0x1800200u, image.End);
    }

    [Theory]
    [InlineData(7u, 0xc0000010u, 0x10u)]
    [InlineData(4u, 0xc0000010u, 0xc0000010u)]
    [InlineData(7u, 0xc0000100u, 0xc0000100u)]
    public void The_entry_moves_with_the_executable_segment_that_holds_it(uint flags, uint entry, uint expected)
    {
        var elf = TestImages.Elf(entry, new Segment(0, Code, 0x1000) { VirtualAddress = 0xc0000000, Flags = flags });
        Assert.Equal(expected, LoadedImage.Bootable(TestImages.File(elf)).Entry);
    }

    [Fact]
    public void Segments_that_are_empty_or_not_loadable_are_passed_over()
    {
        var elf = TestImages.Elf(0, new Segment(0x100, [], 0), new Segment(0x200, Code, 0x1000) { Type = 6 }, new Segment(0x300, [], 0x10));
        Assert.Equal([(0x300u, 0x10u)], LoadedImage.Bootable(TestImages.File(elf)).Segments.Select(static s => ((uint)s.Address, (uint)s.Size)));
    }

    [Fact]
    public void An_ELF_file_that_is_not_ours_is_refused_with_what_was_expected()
    {
        Assert.Contains("ELF class 2", Refused(TestImages.With(GoodElf, 4, 2)), StringComparison.Ordinal);
        Assert.Contains("data encoding 1", Refused(TestImages.With(GoodElf, 5, 1)), StringComparison.Ordinal);
        Assert.Contains("machine 3, PowerPC (20)", Refused(TestImages.With(GoodElf, 19, 3)), StringComparison.Ordinal);
        Assert.Contains("ELF type 1", Refused(TestImages.With(GoodElf, 17, 1)), StringComparison.Ordinal);
        Assert.Contains("ELF version", Refused(TestImages.With(GoodElf, 23, 0)), StringComparison.Ordinal);
        Assert.Contains("56 bytes each", Refused(TestImages.With(GoodElf, 43, 56)), StringComparison.Ordinal);
        Assert.Contains("program headers end", Refused(TestImages.With(GoodElf, 28, 0xff)), StringComparison.Ordinal);
        Assert.Contains("no loadable segment", Refused(TestImages.Elf(0)), StringComparison.Ordinal);
        Assert.Contains("only 0x10 in memory", Refused(TestImages.Elf(0, new Segment(0, Code, 0x10))), StringComparison.Ordinal);
        Assert.Contains("segment 0 ends at file offset", Refused(TestImages.Elf(0, new Segment(0, Code, 0x8000) { FileSize = 0x4000 })), StringComparison.Ordinal);
        Assert.Contains("behind the 32-bit", Refused(TestImages.Elf(0, new Segment(0xffffff00, Code, 0x200))), StringComparison.Ordinal);
        Assert.Contains("neither an ELF file nor a uImage", Refused(Code), StringComparison.Ordinal);
        Assert.Contains("neither an ELF file nor a uImage", Refused([]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_uImage_gives_its_data_load_address_and_entry()
    {
        foreach (var file in new[] { GoodUImage, GoodGzip, [.. GoodUImage, 1, 2, 3] })
        {
            var image = LoadedImage.Bootable(TestImages.File(file));
            Assert.Equal(0x400010u, image.Entry);
            var segment = Assert.Single(image.Segments);
            Assert.Equal(0x400000u, segment.Address);
            Assert.Equal(Code, segment.Data.ToArray());
            Assert.Equal("test kernel", UImage.Read(TestImages.File(file)).Name);
        }
    }

    [Fact]
    public void A_uImage_that_cannot_be_run_is_refused_with_what_was_expected()
    {
        Assert.Contains("header has checksum", Refused(TestImages.With(GoodUImage, 20, 1)), StringComparison.Ordinal);
        Assert.Contains("data has checksum", Refused(TestImages.With(GoodUImage, 64, 77)), StringComparison.Ordinal);
        Assert.Contains("announces 256 bytes", Refused(GoodUImage[..^1]), StringComparison.Ordinal);
        Assert.Contains("uImage type 3, a kernel (2)", Refused(TestImages.UImage(Code, 0, 0, type: 3)), StringComparison.Ordinal);
        Assert.Contains("uImage type 14", Refused(TestImages.UImage(Code, 0, 0, type: 14)), StringComparison.Ordinal);
        Assert.Contains("compression 3", Refused(TestImages.UImage(Code, 0, 0, compression: 3)), StringComparison.Ordinal);
        Assert.Contains("architecture 2, PowerPC (7)", Refused(TestImages.UImage(Code, 0, 0, architecture: 2)), StringComparison.Ordinal);
        Assert.Contains("no data", Refused(TestImages.UImage([], 0, 0)), StringComparison.Ordinal);
        Assert.Contains("behind the 32-bit", Refused(TestImages.UImage(Code, 0xffffff80, 0)), StringComparison.Ordinal);
        var zip = TestImages.Gzip(Code);
        Assert.Contains("cut off or damaged", Refused(TestImages.UImage(zip[..^20], 0, 0, compression: 1)), StringComparison.Ordinal);
        Assert.Contains("cut off or damaged", Refused(TestImages.UImage(TestImages.With(zip, zip.Length - 1, 9), 0, 0, compression: 1)), StringComparison.Ordinal);
        Assert.Contains("no gzip data", Refused(TestImages.UImage(Code, 0, 0, compression: 1)), StringComparison.Ordinal);
    }

    [Property]
    public Property Gzip_data_decompresses_whatever_its_header_carries() => Prop.ForAll(
        (from data in Gen.Choose(0, 255).Select(static b => (byte)b).ArrayOf()
         from flags in Gen.Choose(0, 31)
         from padding in Gen.Choose(0, 3)
         select (data, flags, padding)).ToArbitrary(),
        static input =>
        {
            var plain = TestImages.Gzip(input.data.Length == 0 ? [1] : input.data);
            var header = new List<byte>(plain[..10]) { [3] = (byte)input.flags };
            if ((input.flags & 4) != 0)
                header.AddRange([2, 0, 7, 7]);
            if ((input.flags & 8) != 0)
                header.AddRange("name\0"u8);
            if ((input.flags & 16) != 0)
                header.AddRange("comment\0"u8);
            if ((input.flags & 2) != 0)
                header.AddRange([1, 1]);
            byte[] file = [.. header, .. plain[10..], .. new byte[input.padding]];
            Assert.Equal(input.data.Length == 0 ? [1] : input.data, Gzip.Decompress(file, "test.gz", 1 << 20));
        });

    [Fact]
    public void Gzip_data_beyond_the_limit_is_refused()
    {
        var bomb = TestImages.Gzip(new byte[200_000]);
        Assert.Equal(200_000, Gzip.Decompress(bomb, "test.gz", 200_000).Length);
        Assert.Contains("longer than 199999 bytes", Assert.Throws<SimException>(() => Gzip.Decompress(bomb, "test.gz", 199_999)).Message, StringComparison.Ordinal);
    }

    [Property(MaxTest = 2000)]
    public Property Truncation_and_bit_flips_never_end_in_anything_but_the_image_error() => Prop.ForAll(
        (from file in Gen.Elements(GoodElf, GoodUImage, GoodGzip, TestImages.Gzip(Code))
         from length in Gen.OneOf(Gen.Choose(0, file.Length), Gen.Constant(file.Length))
         from flips in Gen.Choose(0, (8 * Math.Min(file.Length, 120)) - 1).ArrayOf(4)
         from count in Gen.Choose(0, 4)
         select (file, length, flips: flips.Take(count).ToArray())).ToArbitrary(),
        static input =>
        {
            byte[] bytes = [.. input.file];
            foreach (var flip in input.flips)
                bytes[flip / 8] ^= (byte)(1 << (flip % 8));
            bytes = bytes[..input.length];
            try
            {
                if (Gzip.IsGzip(bytes))
                    Assert.Equal(Code, Gzip.Decompress(bytes, "test.img", 4096));
                var image = LoadedImage.Bootable(TestImages.File(bytes));
                Assert.All(image.Segments, static s => Assert.True((ulong)s.Data.Length <= s.Size && s.End <= 1UL << 32));
                // A uImage has checksums over everything, so whatever is accepted is what was written.
                if (!ElfImage.IsElf(bytes))
                    Assert.Equal(Code, image.Segments[0].Data.ToArray());
            }
            catch (SimException exception)
            {
                Assert.StartsWith("test.img: ", exception.Message, StringComparison.Ordinal);
            }
        });

    [Fact]
    public void Mkimage_makes_what_the_reader_reads()
    {
        HostTool.Require("mkimage", "u-boot-tools");
        var directory = Directory.CreateTempSubdirectory("sim-test-");
        try
        {
            var (data, image) = (Path.Combine(directory.FullName, "data"), Path.Combine(directory.FullName, "image"));
            File.WriteAllBytes(data, TestImages.Gzip(Code));
            var result = HostTool.Run("mkimage",
                ["-A", "ppc", "-O", "linux", "-T", "kernel", "-C", "gzip", "-a", "0x400000", "-e", "0x400010", "-n", "a kernel", "-d", data, image]);
            Assert.True(result.ExitCode == 0, result.Error);
            var read = UImage.Read(ImageFile.Read(image, "kernel"));
            Assert.Equal(("a kernel", 0x400000u, 0x400010u), (read.Name, read.LoadAddress, read.Entry));
            Assert.Equal(Code, read.Data.ToArray());
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_missing_file_is_named_with_its_role()
    {
        var exception = Assert.Throws<SimException>(() => ImageFile.Read("/nowhere/kernel", "kernel"));
        Assert.Equal("/nowhere/kernel: this kernel file does not exist.", exception.Message);
        Assert.Contains("/tmp: this kernel file cannot be read", Assert.Throws<SimException>(() => ImageFile.Read("/tmp", "kernel")).Message, StringComparison.Ordinal);
    }
}
