using Sim.Cli.Views;
using Sim.Engine.Base;
using Sim.Engine.Qdev;
using Sim.PropertyKit;
using Sim.PropertyKit.Qom;
using Xunit;

namespace Sim.Tests;

/// <summary>What <c>sim trace</c> prints beside the model of the order of initialisation, over random type graphs, failing ones
/// included.</summary>
public sealed class TraceLawTests
{
    [Fact]
    public void A_trace_shows_the_order_of_initialisation() =>
        Law.Holds("trace", TypeGraph.Graphs, static (graph, classes) => Check(graph, static line => line, classes), new LawOptions
        {
            Runs = 60,
            Required = [("failed", 0.2), ("realized", 0.2), ("class of an interface", 0.2), ("four levels deep", 0.15)],
        });

    [Fact]
    public void A_trace_that_leaves_out_failures_is_found() => Assert.Throws<LawFailedException>(static () => Law.Holds(
        "a planted bug",
        TypeGraph.Graphs,
        static (graph, classes) => Check(graph, static line => line.TrimStart() == "failed" ? "" : line, classes)));

    private static void Check(TypeGraph graph, Func<string, string> print, CaseClasses classes)
    {
        using var machine = new PlannedGraph(graph).Machine;
        var model = new TypeGraphModel(graph);
        var printed = new List<string>();
        var trace = new FlowTrace("any", text => printed.Add(text.TrimEnd('\n'))) { ShowAll = true };
        machine.Root.Observer = trace;
        for (var type = 0; type < graph.Types.Count; type++)
        {
            var failing = model.New(type);
            Device? device = null;
            if (Xunit.Record.Exception(() => device = machine.Root.New<Device>(TypeGraph.TypeName(type))) is not null and not SimException)
                Assert.Fail("A type failed otherwise than planned.");
            if (device is null)
                continue;
            Assert.True(failing < 0);
            if (model.Undeclared(type) < 0)
                model.Realize(type);
            _ = Xunit.Record.Exception(() => Qdev.Realize(device));
            classes.Add("realized", device.Realized);
            classes.Add("four levels deep", graph.Chain(type).Count >= 4);
            device.Unparent();
            device.Unref();
        }

        var steps = model.Lines.Where(static line => IsStep(line.TrimStart())).ToList();
        classes.Add("failed", steps.Exists(static line => line.TrimStart() == "failed"));
        classes.Add("class of an interface", steps.Exists(static line => line.Contains("class_init interface", StringComparison.Ordinal)));
        Assert.Equal(steps, OfTheGraph(printed).Select(print).Where(static line => line.Length > 0));
    }

    /// <summary>True for the flow's own lines; the model also tells what the types' functions do.</summary>
    private static bool IsStep(string line) => !line.StartsWith("realize of ", StringComparison.Ordinal)
        && (line.Split(' ')[0] is "class_init" or "class_base_init" or "object_new" or "instance_init" or "instance_post_init" or "realize" or "failed");

    /// <summary>The lines about the graph's types without the property machinery around realize, nested as if that were not
    /// there.</summary>
    private static IEnumerable<string> OfTheGraph(List<string> printed)
    {
        var left = new List<int>();
        foreach (var line in printed)
        {
            var depth = (line.Length - line.TrimStart().Length) / 2;
            left.RemoveAll(outer => outer >= depth);
            var text = line.Trim();
            var words = (text.StartsWith("failed: ", StringComparison.Ordinal) ? text[8..] : text).Split(' ');
            var isOurs = words[0] is not ("property_set" or "device_set_realized" or "device_unrealize")
                && (words[1].StartsWith("type", StringComparison.Ordinal)
                    || (words[1].StartsWith("interface", StringComparison.Ordinal) && words[1] != "interface"));
            if (!isOurs)
            {
                left.Add(depth);
                continue;
            }

            yield return new string(' ', 2 * (depth - left.Count)) + (text.StartsWith("failed: ", StringComparison.Ordinal) ? "failed"
                : text);
        }
    }
}
