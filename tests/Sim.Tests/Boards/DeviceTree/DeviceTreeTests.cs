using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Sim.Engine.Base;
using Sim.Engine.Boards.DeviceTree;
using Xunit;

namespace Sim.Tests;

public sealed class DeviceTreeTests
{
    private static readonly string[] Names =
        ["reg", "phandle", "linux,phandle", "compatible", "#size-cells", "#address-cells", "soc@0", "a", "b", "cpu@1", "cpu@10", "x,y", "ranges"];

    private static readonly Gen<byte[]> Values = Gen.OneOf(
        Gen.Elements("text", "", "a\0b", "tab\tquote\"back\\slash", "two\0\0").Select(static s => Encoding.Latin1.GetBytes(s + "\0")),
        Gen.Choose(0, 255).Select(static b => (byte)b).ArrayOf(),
        Gen.Choose(0, 9).Select(static n => DeviceTreeProperty.Cells(0, (uint)n, 0xdeadbeef)));

    private static Gen<DeviceTreeNode> Node(string name, int depth) =>
        from propertyNames in Gen.SubListOf(Names)
        from values in Values.ArrayOf(propertyNames.Count)
        from childNames in depth == 0 ? Gen.Constant<IList<string>>([]) : Gen.SubListOf(Names.Take(8)).Select(static l => (IList<string>)[.. l.Take(3)])
        from children in Gen.CollectToSequence(childNames, child => Node(child, depth - 1))
        select Make(name, propertyNames, values, children);

    private static DeviceTreeNode Make(string name, List<string> propertyNames, byte[][] values, IEnumerable<DeviceTreeNode> children)
    {
        var node = new DeviceTreeNode(name);
        for (var i = 0; i < values.Length; i++)
            node.Properties.Add(new DeviceTreeProperty(propertyNames[i], values[i]));
        foreach (var child in children)
            node.Children.Add(child);
        return node;
    }

    private static readonly Gen<DeviceTreeDocument> Documents =
        from top in Node("top", 3)
        from reservations in Gen.Choose(0, int.MaxValue).ArrayOf(2)
        select Document(top, reservations);

    private static DeviceTreeDocument Document(DeviceTreeNode top, int[] reservations)
    {
        var document = new DeviceTreeDocument();
        foreach (var property in top.Properties)
            document.Root.Properties.Add(property);
        foreach (var child in top.Children)
            document.Root.Children.Add(child);
        foreach (var address in reservations.Where(static a => a % 3 == 0))
            document.Reservations.Add(new DeviceTreeReservation((ulong)address << 8, (ulong)address + 1));
        return document;
    }

    private static Property ForDocuments(Action<DeviceTreeDocument> check) => Prop.ForAll(Documents.ToArbitrary(), check);

    [Property]
    public Property A_written_tree_reads_back_and_writes_the_same_bytes() => ForDocuments(static document =>
    {
        var blob = DeviceTreeWriter.Write(document);
        var read = DeviceTreeReader.Read(blob, "test.dtb");
        Assert.Equal(DeviceTreeText.Print(document), DeviceTreeText.Print(read));
        Assert.Equal(blob, DeviceTreeWriter.Write(read));
        Assert.Equal(DeviceTreeText.Print(document), DeviceTreeText.Print(DeviceTreeReader.Read(DeviceTreeWriter.Write(read, DeviceTreeLayout.Sequential, 65536), "test.dtb")));
    });

    [Fact]
    public void Dtc_writes_the_same_blob_and_prints_the_same_text()
    {
        HostTool.Require("dtc", "device-tree-compiler");
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(40), ForDocuments(static document =>
        {
            var blob = DeviceTreeWriter.Write(document);
            Assert.Equal(blob, HostTool.Run("dtc", ["-q", "-q", "-f", "-I", "dtb", "-O", "dtb", "-"], blob).Output);
            var text = DeviceTreeText.Print(document);
            Assert.Equal(text, HostTool.Run("dtc", ["-q", "-q", "-f", "-I", "dtb", "-O", "dts", "-"], blob).Text);
            Assert.Equal(blob, HostTool.Run("dtc", ["-q", "-q", "-f", "-I", "dts", "-O", "dtb", "-"], Encoding.Latin1.GetBytes(text)).Output);
        }));
    }

    [Property(MaxTest = 300)]
    public Property A_damaged_blob_is_read_or_refused_by_name() => Prop.ForAll(
        (from document in Documents
         from damage in Gen.Choose(0, int.MaxValue).ArrayOf(3)
         select (DeviceTreeWriter.Write(document), damage)).ToArbitrary(),
        static pair =>
        {
            var (blob, damage) = pair;
            var torn = blob[..(damage[0] % (blob.Length + 1))];
            if (torn.Length < blob.Length)
                Refused(torn);
            blob[damage[1] % blob.Length] ^= (byte)(1 << (damage[2] % 8));
            try
            {
                DeviceTreeReader.Read(blob, "test.dtb");
            }
            catch (SimException exception)
            {
                Assert.StartsWith("test.dtb: ", exception.Message, StringComparison.Ordinal);
            }
        });

    private static string Refused(byte[] blob)
    {
        var message = Assert.Throws<SimException>(() => DeviceTreeReader.Read(blob, "test.dtb")).Message;
        Assert.StartsWith("test.dtb: ", message, StringComparison.Ordinal);
        Assert.EndsWith(".", message, StringComparison.Ordinal);
        return message;
    }

    private static byte[] Structure(params uint[] words)
    {
        var empty = DeviceTreeWriter.Write(new DeviceTreeDocument());
        var structure = DeviceTreeProperty.Cells(words);
        var blob = new byte[0x38 + structure.Length + 4];
        empty.AsSpan(0, 0x38).CopyTo(blob);
        DeviceTreeProperty.Cells((uint)blob.Length).CopyTo(blob, 4);
        DeviceTreeProperty.Cells((uint)(0x38 + structure.Length)).CopyTo(blob, 12);
        DeviceTreeProperty.Cells(4, (uint)structure.Length).CopyTo(blob, 32);
        structure.CopyTo(blob, 0x38);
        "reg\0"u8.CopyTo(blob.AsSpan(0x38 + structure.Length));
        return blob;
    }

    [Theory]
    [InlineData("token 0x7", 1u, 0u, 7u, 2u, 9u)]
    [InlineData("goes on behind the root", 1u, 0u, 2u, 1u, 0u, 2u, 9u)]
    [InlineData("'reg' twice", 1u, 0u, 3u, 0u, 0u, 3u, 0u, 0u, 2u, 9u)]
    [InlineData("behind a child node", 1u, 0u, 1u, 0x61000000u, 2u, 3u, 0u, 0u, 2u, 9u)]
    [InlineData("child node named 'a'", 1u, 0u, 1u, 0x61000000u, 2u, 1u, 0x61000000u, 2u, 2u, 9u)]
    [InlineData("root node is named 'a'", 1u, 0x61000000u, 2u, 9u)]
    [InlineData("outside the strings block", 1u, 0u, 3u, 0u, 4u, 2u, 9u)]
    [InlineData("has 4294967295 bytes", 1u, 0u, 3u, 0xffffffffu, 0u, 2u, 9u)]
    [InlineData("ends before", 1u, 0u, 2u)]
    [InlineData("ends after 16", 1u, 0u, 2u, 9u, 9u)]
    [InlineData("name does not end", 1u, 0x61616161u)]
    public void A_malformed_structure_is_refused_with_its_fault(string fault, params uint[] words) =>
        Assert.Contains(fault, Refused(Structure(words)), StringComparison.Ordinal);

    [Fact]
    public void Nops_are_skipped_and_text_behind_the_total_size_is_ignored()
    {
        var blob = Structure(4, 1, 0, 4, 3, 4, 0, 7, 4, 1, 0x61000000, 4, 2, 2, 4, 9);
        var document = DeviceTreeReader.Read([.. blob, 1, 2, 3], "test.dtb");
        Assert.Equal(7u, document.Root.FindProperty("reg")!.Cell(0));
        Assert.NotNull(document.Find("/a"));
    }

    [Fact]
    public void A_tree_deeper_than_any_kernel_reads_is_refused()
    {
        uint[] words = [.. Enumerable.Repeat(new uint[] { 1, 0x61000000 }, 100_000).SelectMany(static w => w)];
        words[1] = 0;
        Assert.Contains("deeper than 64 nodes", Refused(Structure(words)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_editor_orders_as_libfdt_does_and_shares_string_tails()
    {
        var editor = new DeviceTreeEditor(new DeviceTreeDocument());
        editor.AddNode("/a");
        editor.AddNode("/b");
        editor.SetCells("/a", "linux,phandle", 1);
        editor.SetCells("/a", "phandle", 1);
        editor.SetCells("/a", "linux,phandle", 2);
        Assert.Equal(["b", "a"], editor.Document.Root.Children.Select(static n => n.Name));
        Assert.Equal(["phandle", "linux,phandle"], editor.Document.Find("/a")!.Properties.Select(static p => p.Name));
        var blob = DeviceTreeWriter.Write(editor.Document);
        Assert.Equal("linux,phandle\0".Length, blob[35]);
        Assert.Throws<ArgumentException>(() => editor.AddNode("/a"));
        Assert.Throws<ArgumentException>(() => editor.AddNode("/c/d"));
        Assert.Throws<ArgumentException>(() => editor.SetEmpty("/c", "d"));
    }
}
