namespace Sim.PropertyKit.Cpu;

/// <summary>Makes a sequence smaller that ends differently on the reference, as long as it still does.</summary>
internal static class SequenceShrinking
{
    const int MaxRounds = 12, MaxCandidates = 300;

    /// <summary>The smallest found: words become <c>nop</c> or go at the end, registers become 0.</summary>
    public static SequenceCase Shrink(SequenceCase failing, Func<IReadOnlyList<SequenceCase>, List<SequenceOutcome>> ours)
    {
        string kind = ours([failing])[0].DifferencesFrom(SequenceReference.Run([failing])[0], failing).FirstOrDefault("").Split(' ')[0];
        for (int round = 0; round < MaxRounds; round++)
        {
            List<SequenceCase> candidates = [.. Smaller(failing).Take(MaxCandidates)];
            var found = RunThoseThatEnd(candidates, ours);
            if (candidates.Count == 0)
                break;
            var expected = SequenceReference.Run(candidates);
            int index = Enumerable.Range(0, candidates.Count)
                .FirstOrDefault(i => IsOfKind(found[i].DifferencesFrom(expected[i], candidates[i]).FirstOrDefault(), kind), -1);
            if (index < 0)
                break;
            failing = candidates[index];
        }

        return failing;
    }

    /// <summary>Whether the first value that differs is that of the whole sequence: else another difference may take its place.</summary>
    static bool IsOfKind(string? difference, string kind) => difference is not null && difference.Split(' ')[0] == kind;

    /// <summary>Without the word that set its counter a loop may run very long: such candidates are dropped.</summary>
    static List<SequenceOutcome> RunThoseThatEnd(
        List<SequenceCase> candidates, Func<IReadOnlyList<SequenceCase>, List<SequenceOutcome>> ours)
    {
        try
        {
            return candidates.Count == 0 ? [] : ours(candidates);
        }
        catch (EndlessSequenceException)
        {
            candidates.RemoveAll(candidate => !Ends(candidate, ours));
            return candidates.Count == 0 ? [] : ours(candidates);
        }
    }

    static bool Ends(SequenceCase candidate, Func<IReadOnlyList<SequenceCase>, List<SequenceOutcome>> ours)
    {
        try
        {
            ours([candidate]);
            return true;
        }
        catch (EndlessSequenceException)
        {
            return false;
        }
    }

    static IEnumerable<SequenceCase> Smaller(SequenceCase sequence)
    {
        var code = sequence.Code;
        for (int length = code.Length / 2; length > 0; length /= 2)
            yield return sequence with { Code = code[..^length] };
        for (int length = code.Length; length > 0; length /= 2)
        {
            for (int start = 0; start < code.Length; start += length)
            {
                var range = start..Math.Min(start + length, code.Length);
                if (code[range].All(static word => word == Asm.Nop))
                    continue;
                var smaller = (uint[])code.Clone();
                smaller.AsSpan(range).Fill(Asm.Nop);
                yield return sequence with { Code = smaller };
            }
        }

        for (int length = 16; length > 0; length /= 2)
        {
            for (int start = 0; start < SequenceCase.Msr; start += length)
            {
                var range = start..Math.Min(start + length, SequenceCase.Msr);
                if (sequence.Registers[range].All(static value => value == 0))
                    continue;
                var smaller = (ulong[])sequence.Registers.Clone();
                smaller.AsSpan(range).Clear();
                yield return sequence with { Registers = smaller };
            }
        }
    }
}
