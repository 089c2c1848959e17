using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace Sim.Tests;

/// <summary>The template of a user's own device names the versions that this repository has.</summary>
public sealed class TemplateTests
{
    private static string Folder => Path.Combine(Repository.Root, "tools", "template", "sim-device");

    [Fact]
    public void It_names_the_versions_of_this_repository()
    {
        var own = XDocument.Load(Path.Combine(Repository.Root, "Directory.Build.props")).Descendants("Version").Single().Value;
        var others = XDocument.Load(Path.Combine(Repository.Root, "Directory.Packages.props")).Descendants("PackageVersion")
            .ToDictionary(static e => e.Attribute("Include")!.Value, static e => e.Attribute("Version")!.Value);
        var named = Directory.GetFiles(Folder, "*.csproj", SearchOption.AllDirectories)
            .SelectMany(static project => XDocument.Load(project).Descendants("PackageReference"))
            .Select(static e => (Package: e.Attribute("Include")!.Value, Version: e.Attribute("Version")!.Value)).ToList();
        Assert.Contains(named, static p => p.Package == "Sim.PropertyKit");
        Assert.All(named, p => Assert.Equal(p.Package.StartsWith("Sim.", StringComparison.Ordinal) ? own : others[p.Package], p.Version));
    }

    [Fact]
    public void The_line_that_the_kit_s_README_takes_out_is_in_it()
    {
        var readme = File.ReadAllText(Path.Combine(Repository.Root, "tests", "Sim.PropertyKit", "README.md"));
        var line = Regex.Match(readme, "sed -i '/(.+)/d' Ticker/Ticker.cs").Groups[1].Value;
        Assert.Single(File.ReadLines(Path.Combine(Folder, "MyDevice", "MyDevice.cs")), text => Regex.IsMatch(text, line));
    }
}
