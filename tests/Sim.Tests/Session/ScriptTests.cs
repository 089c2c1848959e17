using System.Text;
using Sim.Engine.Base;
using Sim.Engine.Session;
using Xunit;

namespace Sim.Tests;

public sealed class ScriptTests
{
    [Fact]
    public void Lines_keep_their_text_untrimmed_and_their_number()
    {
        var script = Script.Parse("s", "# comment\n\nexpect => \nsend  version\r\nquit\n");
        Assert.Equal(
            [new ScriptStep(3, ScriptAction.Expect, "=> "), new ScriptStep(4, ScriptAction.Send, " version"), new ScriptStep(5, ScriptAction.Quit, "")],
            script.Steps);
    }

    [Theory]
    [InlineData("a\\nb", "a\nb")]
    [InlineData("\\x41\\x4a", "AJ")]
    [InlineData("\\101\\60", "A0")]
    [InlineData("\\\\\\\"\\t\\r\\a\\b\\e", "\\\"\t\r\a\b\x1b")]
    [InlineData("ü€😀", "ü€😀")]
    public void Escapes_are_those_of_C(string text, string expected) => Assert.Equal(Encoding.UTF8.GetBytes(expected), Script.Encode(text));

    [Fact]
    public void A_hexadecimal_escape_is_one_byte_not_a_character() => Assert.Equal([0xFF, 0x00], Script.Encode("\\xff\\0"));

    [Theory]
    [InlineData("expct x", "s:1: 'expct' is no script command; expected expect, send, save or quit.")]
    [InlineData("\nexpect", "s:2: expect needs a text.")]
    [InlineData("quit now", "s:1: quit takes no text.")]
    [InlineData("send \\q", "s:1: '\\q' is no escape that C knows.")]
    [InlineData("send \\", "s:1: '\\' is no escape that C knows.")]
    [InlineData("send \\777", "s:1: '\\7' is no escape that C knows.")]
    [InlineData("send \\xg", "s:1: '\\x' is no escape that C knows.")]
    public void A_wrong_line_is_refused_with_file_and_number(string text, string message)
    {
        var error = Assert.Throws<SimException>(() => Script.Parse("s", text));
        Assert.Equal(message, error.Message);
        Assert.Equal(SimErrorKind.Guest, error.Kind);
    }
}
