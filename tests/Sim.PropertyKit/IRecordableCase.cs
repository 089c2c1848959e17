namespace Sim.PropertyKit;

/// <summary>A case of a law that is about one machine's run, which can be recorded for whoever wants to look into a failure.</summary>
public interface IRecordableCase
{
    /// <summary>Records the run, as far as it comes.</summary>
    /// <param name="journal">Path of the journal to write.</param>
    void Record(string journal);
}
